"""The tables of local files: patients, studies, series, and every file looked at.

Keys of patients, studies and series are made of what identifies them (see
``chrislib.library.indexing.rows``), so that they are the same after everything was
read again, and nothing need be asked before a row is written. Paths are bytes: not
every file name is text.
"""

INDEX_TABLES = (
    """CREATE TABLE local_root (
      path BLOB PRIMARY KEY, added_at REAL NOT NULL,
      state TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '',
      ended_at REAL) STRICT, WITHOUT ROWID""",
    """CREATE TABLE local_folder (
      folder_id INTEGER PRIMARY KEY, path BLOB NOT NULL UNIQUE,
      digest INTEGER NOT NULL DEFAULT 0) STRICT""",
    """CREATE TABLE local_patient (
      patient_key INTEGER PRIMARY KEY,
      patient_id TEXT NOT NULL, issuer TEXT NOT NULL, name TEXT NOT NULL,
      sort_name TEXT NOT NULL, birth_date TEXT, birth_date_text TEXT NOT NULL,
      sex TEXT NOT NULL, added_at REAL NOT NULL,
      studies INTEGER NOT NULL DEFAULT 0, series INTEGER NOT NULL DEFAULT 0,
      images INTEGER NOT NULL DEFAULT 0, last_study TEXT) STRICT""",
    "CREATE INDEX local_patient_name ON local_patient(sort_name)",
    "CREATE INDEX local_patient_id ON local_patient(patient_id)",
    """CREATE TABLE local_study (
      study_key INTEGER PRIMARY KEY, patient_key INTEGER NOT NULL,
      study_uid TEXT NOT NULL, study_date TEXT, study_date_text TEXT NOT NULL,
      study_time TEXT NOT NULL, description TEXT NOT NULL,
      accession_number TEXT NOT NULL, study_id TEXT NOT NULL,
      referring_physician TEXT NOT NULL, institution TEXT NOT NULL,
      age TEXT NOT NULL, added_at REAL NOT NULL,
      series INTEGER NOT NULL DEFAULT 0, images INTEGER NOT NULL DEFAULT 0,
      modalities TEXT NOT NULL DEFAULT '') STRICT""",
    "CREATE INDEX local_study_patient ON local_study(patient_key, study_date)",
    "CREATE INDEX local_study_date ON local_study(study_date)",
    "CREATE INDEX local_study_uid ON local_study(study_uid)",
    """CREATE TABLE local_series (
      series_key INTEGER PRIMARY KEY, study_key INTEGER NOT NULL,
      series_uid TEXT NOT NULL, number INTEGER, modality TEXT NOT NULL,
      description TEXT NOT NULL, body_part TEXT NOT NULL, laterality TEXT NOT NULL,
      protocol TEXT NOT NULL, station TEXT NOT NULL, manufacturer TEXT NOT NULL,
      model TEXT NOT NULL, series_date TEXT, series_time TEXT NOT NULL,
      image_type TEXT NOT NULL, sop_class TEXT NOT NULL,
      frame_of_reference TEXT NOT NULL, slice_thickness REAL, slice_spacing REAL,
      repetition_time REAL, echo_time REAL, inversion_time REAL, field_strength REAL,
      rows INTEGER, columns INTEGER, burned_in TEXT NOT NULL, added_at REAL NOT NULL,
      images INTEGER NOT NULL DEFAULT 0, files INTEGER NOT NULL DEFAULT 0,
      bytes INTEGER NOT NULL DEFAULT 0, cut INTEGER NOT NULL DEFAULT 0) STRICT""",
    "CREATE INDEX local_series_study ON local_series(study_key, number)",
    "CREATE INDEX local_series_uid ON local_series(series_uid)",
    "CREATE INDEX local_series_added ON local_series(added_at)",
    # One row per file that was looked at; those with a series are its instances.
    """CREATE TABLE local_file (
      file_id INTEGER PRIMARY KEY,
      folder_id INTEGER NOT NULL, name BLOB NOT NULL, size INTEGER NOT NULL,
      mtime_ns INTEGER NOT NULL, inode INTEGER NOT NULL, state INTEGER NOT NULL,
      reason TEXT NOT NULL, series_key INTEGER, sop_uid TEXT NOT NULL,
      sop_class TEXT NOT NULL, instance_number INTEGER, acquisition_number INTEGER,
      temporal_position INTEGER, echo_number INTEGER, trigger_time REAL,
      content_time TEXT NOT NULL, place REAL, orientation TEXT NOT NULL,
      slice_location REAL, rows INTEGER, columns INTEGER, frames INTEGER,
      photometric TEXT NOT NULL, transfer_syntax TEXT NOT NULL,
      pixels INTEGER NOT NULL, UNIQUE(folder_id, name)) STRICT""",
    """CREATE INDEX local_file_series ON local_file(series_key, sop_uid, size, pixels)
      WHERE series_key IS NOT NULL""",
    "CREATE INDEX local_file_inode ON local_file(inode, size)",
    "CREATE INDEX local_file_problem ON local_file(state) WHERE state > 1",
    # rowid is the series' key; text comes folded (chrislib.catalog.folding)
    """CREATE VIRTUAL TABLE local_search USING fts5(
      patient, study, series,
      tokenize="unicode61 remove_diacritics 2", prefix='2', columnsize=0)""",
    """CREATE VIRTUAL TABLE local_parts USING fts5(
      numbers, tokenize='trigram', columnsize=0, detail=full)""",
)
