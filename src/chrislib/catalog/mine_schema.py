"""The tables of My Library: one row for everything there is, and its marks.

``mine_row``, ``mine_study`` and ``mine_patient`` repeat what ``local_*`` and
``library_item`` say, in one shape that can be sorted and filtered; whatever changes
those is noted in ``mine_stale_*`` by triggers, and brought over by
``chrislib.catalog.mine_writing``. Marks and collections refer to a row by a key made of
what identifies it, so that they are there again when it comes again.
"""

_SORTED = (
    *("sort_name, study_date, number", "study_date, sort_name, number"),
    *("sort_patient_id", "sort_accession", "sort_title", "nullif(modality, '')"),
    *("images", "added_at", "stars"),
)
"""What lists are sorted by most has an index, so that 100,000 rows take no longer than
to read them. Every index is paid for by each row that comes: the other columns have
none, and take a moment."""

MINE_TABLES = (
    # what a row is made of: local series and library items
    """CREATE TABLE mine_local (
      series_key INTEGER PRIMARY KEY, row_key INTEGER NOT NULL UNIQUE) STRICT""",
    """CREATE TABLE mine_item (
      item_id TEXT PRIMARY KEY, row_key INTEGER NOT NULL, account_key TEXT NOT NULL,
      source TEXT NOT NULL, state TEXT NOT NULL, added_at REAL NOT NULL)
      STRICT, WITHOUT ROWID""",
    "CREATE INDEX mine_item_row ON mine_item(row_key, added_at, item_id)",
    "CREATE INDEX mine_item_account ON mine_item(account_key)",
    # which feeds an item went into, as far as this computer saw it
    """CREATE TABLE mine_use (
      item_id TEXT NOT NULL, feed_id INTEGER NOT NULL,
      PRIMARY KEY(item_id, feed_id)) STRICT, WITHOUT ROWID""",
    # texts to sort by are folded (chrislib.catalog.folding) and NULL where blank
    """CREATE TABLE mine_row (
      row_key INTEGER PRIMARY KEY, kind TEXT NOT NULL, local_key INTEGER,
      patient_key INTEGER, study_key INTEGER, title TEXT NOT NULL,
      patient_id TEXT NOT NULL, name TEXT NOT NULL, birth_date TEXT, sex TEXT NOT NULL,
      study_uid TEXT NOT NULL, study_date TEXT, study_date_text TEXT NOT NULL,
      study_time TEXT NOT NULL, study TEXT NOT NULL, accession TEXT NOT NULL,
      age_days INTEGER, series_uid TEXT NOT NULL, number INTEGER,
      modality TEXT NOT NULL, body_part TEXT NOT NULL, station TEXT NOT NULL,
      images INTEGER, size INTEGER, added_at REAL NOT NULL,
      sort_name TEXT, sort_patient_id TEXT, sort_study TEXT, sort_accession TEXT,
      sort_title TEXT, sort_body_part TEXT, sort_station TEXT,
      stars INTEGER NOT NULL DEFAULT 0, flag INTEGER NOT NULL DEFAULT 0,
      label INTEGER NOT NULL DEFAULT 0) STRICT""",
    "CREATE INDEX mine_row_patient ON mine_row(patient_key)",
    "CREATE INDEX mine_row_study ON mine_row(study_key, number)",
    """CREATE INDEX mine_row_remote ON mine_row(patient_id)
      WHERE local_key IS NULL AND kind='series'""",
    *(
        f"CREATE INDEX mine_row_by_{number} ON mine_row({columns})"
        for number, columns in enumerate(_SORTED)
    ),
    """CREATE TABLE mine_study (
      study_key INTEGER PRIMARY KEY, patient_key INTEGER NOT NULL,
      study_uid TEXT NOT NULL, study_date TEXT, study_date_text TEXT NOT NULL,
      study_time TEXT NOT NULL, study TEXT NOT NULL, accession TEXT NOT NULL,
      age_days INTEGER, modality TEXT NOT NULL, station TEXT NOT NULL,
      series INTEGER NOT NULL, images INTEGER, size INTEGER, added_at REAL NOT NULL,
      sort_study TEXT, sort_accession TEXT, sort_station TEXT) STRICT""",
    "CREATE INDEX mine_study_patient ON mine_study(patient_key, study_date)",
    "CREATE INDEX mine_study_date ON mine_study(study_date)",
    """CREATE TABLE mine_patient (
      patient_key INTEGER PRIMARY KEY, patient_id TEXT NOT NULL, name TEXT NOT NULL,
      birth_date TEXT, sex TEXT NOT NULL, study_date TEXT, modality TEXT NOT NULL,
      studies INTEGER NOT NULL, series INTEGER NOT NULL, images INTEGER, size INTEGER,
      added_at REAL NOT NULL, sort_name TEXT, sort_patient_id TEXT) STRICT""",
    "CREATE INDEX mine_patient_name ON mine_patient(sort_name)",
    # words of what local_search does not hold: rows of items, keywords, notes
    """CREATE VIRTUAL TABLE mine_search USING fts5(
      texts, marks, tokenize="unicode61 remove_diacritics 2", prefix='2',
      columnsize=0)""",
    """CREATE VIRTUAL TABLE mine_parts USING fts5(
      numbers, tokenize='trigram', columnsize=0, detail=full)""",
    # marks
    """CREATE TABLE mine_mark (
      row_key INTEGER PRIMARY KEY, stars INTEGER NOT NULL, flag INTEGER NOT NULL,
      label INTEGER NOT NULL, note TEXT NOT NULL, folded_note TEXT) STRICT""",
    """CREATE TABLE mine_keyword (
      row_key INTEGER NOT NULL, folded TEXT NOT NULL, keyword TEXT NOT NULL,
      PRIMARY KEY(row_key, folded)) STRICT, WITHOUT ROWID""",
    "CREATE INDEX mine_keyword_folded ON mine_keyword(folded)",
    """CREATE TABLE mine_collection (
      collection_id TEXT PRIMARY KEY, title TEXT NOT NULL, kind TEXT NOT NULL,
      parent TEXT NOT NULL, rules TEXT NOT NULL, made_at REAL NOT NULL,
      account_key TEXT NOT NULL) STRICT, WITHOUT ROWID""",
    """CREATE TABLE mine_member (
      collection_id TEXT NOT NULL, row_key INTEGER NOT NULL, position INTEGER NOT NULL,
      PRIMARY KEY(collection_id, row_key)) STRICT, WITHOUT ROWID""",
    "CREATE INDEX mine_member_row ON mine_member(row_key)",
    # what is to be brought over
    "CREATE TABLE mine_stale_series (series_key INTEGER PRIMARY KEY) STRICT",
    """CREATE TABLE mine_stale_item (
      item_id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID""",
    *(
        f"""CREATE TRIGGER mine_item_{verb} AFTER {verb} ON library_item
      BEGIN INSERT INTO mine_stale_item SELECT {row}.item_id
        WHERE {row}.item_id NOT IN (SELECT item_id FROM mine_stale_item); END"""
        for verb, row in (("INSERT", "new"), ("UPDATE", "new"), ("DELETE", "old"))
    ),
    *(
        f"""CREATE TRIGGER mine_series_{verb} AFTER {verb} ON local_series
      BEGIN INSERT INTO mine_stale_series SELECT {row}.series_key
        WHERE {row}.series_key NOT IN (SELECT series_key FROM mine_stale_series);
      END"""
        for verb, row in (("INSERT", "new"), ("UPDATE", "new"), ("DELETE", "old"))
    ),
    """CREATE TRIGGER mine_study_described AFTER UPDATE OF description ON local_study
      WHEN (old.study_date, old.study_date_text, old.study_time, old.description,
        old.accession_number, old.age) IS NOT
        (new.study_date, new.study_date_text, new.study_time, new.description,
        new.accession_number, new.age)
      BEGIN INSERT OR IGNORE INTO mine_stale_series
        SELECT series_key FROM local_series WHERE study_key=new.study_key; END""",
    # what an older chrislib kept
    "INSERT INTO mine_stale_item SELECT item_id FROM library_item",
    "INSERT INTO mine_stale_series SELECT series_key FROM local_series",
)
