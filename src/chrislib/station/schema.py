"""The tables of the station; other modules add theirs with ``Store.add_schema``."""

TABLES = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    username TEXT NOT NULL UNIQUE,
    email TEXT NOT NULL DEFAULT '',
    password TEXT NOT NULL,
    token TEXT NOT NULL UNIQUE,
    is_staff INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS groups (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE
);
CREATE TABLE IF NOT EXISTS memberships (
    user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    group_id INTEGER NOT NULL REFERENCES groups(id) ON DELETE CASCADE,
    PRIMARY KEY (user_id, group_id)
);
CREATE TABLE IF NOT EXISTS download_tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    creation_date TEXT NOT NULL,
    token TEXT NOT NULL UNIQUE,
    owner_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE
);
CREATE TABLE IF NOT EXISTS folders (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    creation_date TEXT NOT NULL,
    path TEXT NOT NULL UNIQUE,
    parent_id INTEGER REFERENCES folders(id) ON DELETE CASCADE,
    owner_id INTEGER NOT NULL REFERENCES users(id),
    public INTEGER NOT NULL DEFAULT 0,
    deletion_status TEXT NOT NULL DEFAULT 'inactive',
    deletion_requested_at TEXT,
    deletion_error TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS folders_parent ON folders(parent_id);
CREATE TABLE IF NOT EXISTS files (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    creation_date TEXT NOT NULL,
    fname TEXT NOT NULL UNIQUE,
    fsize INTEGER NOT NULL,
    disk TEXT NOT NULL,
    folder_id INTEGER NOT NULL REFERENCES folders(id) ON DELETE CASCADE,
    owner_id INTEGER NOT NULL REFERENCES users(id),
    public INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS files_folder ON files(folder_id);
CREATE TABLE IF NOT EXISTS linkfiles (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    creation_date TEXT NOT NULL,
    path TEXT NOT NULL,
    fname TEXT NOT NULL UNIQUE,
    folder_id INTEGER NOT NULL REFERENCES folders(id) ON DELETE CASCADE,
    owner_id INTEGER NOT NULL REFERENCES users(id),
    public INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS linkfiles_folder ON linkfiles(folder_id);
CREATE TABLE IF NOT EXISTS compute_resources (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    creation_date TEXT NOT NULL,
    modification_date TEXT NOT NULL,
    name TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL DEFAULT '',
    max_job_exec_seconds INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS metas (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    creation_date TEXT NOT NULL,
    modification_date TEXT NOT NULL,
    name TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    public_repo TEXT NOT NULL,
    license TEXT NOT NULL,
    type TEXT NOT NULL,
    icon TEXT NOT NULL DEFAULT '',
    category TEXT NOT NULL,
    authors TEXT NOT NULL,
    documentation TEXT NOT NULL,
    position INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS plugins (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    creation_date TEXT NOT NULL,
    meta_id INTEGER NOT NULL REFERENCES metas(id),
    version TEXT NOT NULL,
    dock_image TEXT NOT NULL,
    description TEXT NOT NULL,
    execshell TEXT NOT NULL,
    selfpath TEXT NOT NULL,
    selfexec TEXT NOT NULL,
    min_number_of_workers INTEGER NOT NULL,
    max_number_of_workers INTEGER NOT NULL,
    min_cpu_limit INTEGER NOT NULL,
    max_cpu_limit INTEGER NOT NULL,
    min_memory_limit INTEGER NOT NULL,
    max_memory_limit INTEGER NOT NULL,
    min_gpu_limit INTEGER NOT NULL,
    max_gpu_limit INTEGER NOT NULL,
    UNIQUE (meta_id, version)
);
CREATE TABLE IF NOT EXISTS parameters (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    plugin_id INTEGER NOT NULL REFERENCES plugins(id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    optional INTEGER NOT NULL,
    default_json TEXT NOT NULL,
    flag TEXT NOT NULL,
    short_flag TEXT NOT NULL,
    action TEXT NOT NULL,
    help TEXT NOT NULL,
    ui_exposed INTEGER NOT NULL,
    UNIQUE (plugin_id, name)
);
CREATE TABLE IF NOT EXISTS feeds (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    creation_date TEXT NOT NULL,
    modification_date TEXT NOT NULL,
    name TEXT NOT NULL,
    public INTEGER NOT NULL DEFAULT 0,
    owner_id INTEGER NOT NULL REFERENCES users(id),
    folder_id INTEGER NOT NULL,
    folder_path TEXT NOT NULL,
    note_title TEXT NOT NULL DEFAULT '',
    note_content TEXT NOT NULL DEFAULT '',
    deletion_status TEXT NOT NULL DEFAULT 'inactive',
    deletion_requested_at TEXT,
    deletion_error TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS instances (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    title TEXT NOT NULL DEFAULT '',
    previous_id INTEGER REFERENCES instances(id) ON DELETE CASCADE,
    feed_id INTEGER NOT NULL REFERENCES feeds(id) ON DELETE CASCADE,
    plugin_id INTEGER NOT NULL REFERENCES plugins(id),
    compute_resource_id INTEGER NOT NULL REFERENCES compute_resources(id),
    owner_id INTEGER NOT NULL REFERENCES users(id),
    start_date TEXT NOT NULL,
    end_date TEXT NOT NULL,
    output_path TEXT NOT NULL,
    output_folder_id INTEGER NOT NULL,
    status TEXT NOT NULL,
    summary TEXT NOT NULL DEFAULT '',
    raw TEXT NOT NULL DEFAULT '',
    cpu_limit INTEGER NOT NULL,
    memory_limit INTEGER NOT NULL,
    number_of_workers INTEGER NOT NULL,
    gpu_limit INTEGER NOT NULL,
    size INTEGER NOT NULL DEFAULT 0,
    error_code TEXT NOT NULL DEFAULT '',
    deletion_status TEXT NOT NULL DEFAULT 'inactive',
    deletion_requested_at TEXT,
    deletion_error TEXT NOT NULL DEFAULT '',
    pid INTEGER,
    process_identity TEXT,
    ended_at TEXT,
    cleaned INTEGER NOT NULL DEFAULT 0,
    workflow_id INTEGER
);
CREATE INDEX IF NOT EXISTS instances_feed ON instances(feed_id);
CREATE INDEX IF NOT EXISTS instances_previous ON instances(previous_id);
CREATE INDEX IF NOT EXISTS instances_status ON instances(status);
CREATE TABLE IF NOT EXISTS instance_values (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    instance_id INTEGER NOT NULL REFERENCES instances(id) ON DELETE CASCADE,
    parameter_id INTEGER NOT NULL REFERENCES parameters(id),
    value_json TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS instance_values_of ON instance_values(instance_id);
CREATE TABLE IF NOT EXISTS tags (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL, color TEXT NOT NULL,
    owner_id INTEGER NOT NULL REFERENCES users(id)
);
CREATE TABLE IF NOT EXISTS taggings (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    tag_id INTEGER NOT NULL REFERENCES tags(id) ON DELETE CASCADE,
    feed_id INTEGER NOT NULL REFERENCES feeds(id) ON DELETE CASCADE,
    UNIQUE (tag_id, feed_id)
);
CREATE TABLE IF NOT EXISTS comments (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    feed_id INTEGER NOT NULL REFERENCES feeds(id) ON DELETE CASCADE,
    owner_id INTEGER NOT NULL REFERENCES users(id),
    title TEXT NOT NULL, content TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS pipelines (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    creation_date TEXT NOT NULL, modification_date TEXT NOT NULL,
    name TEXT NOT NULL UNIQUE, locked INTEGER NOT NULL,
    authors TEXT NOT NULL, category TEXT NOT NULL, description TEXT NOT NULL,
    owner_id INTEGER NOT NULL REFERENCES users(id)
);
CREATE TABLE IF NOT EXISTS pipings (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    pipeline_id INTEGER NOT NULL REFERENCES pipelines(id) ON DELETE CASCADE,
    plugin_id INTEGER NOT NULL REFERENCES plugins(id),
    previous_id INTEGER REFERENCES pipings(id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    UNIQUE (pipeline_id, title)
);
CREATE TABLE IF NOT EXISTS piping_values (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    piping_id INTEGER NOT NULL REFERENCES pipings(id) ON DELETE CASCADE,
    parameter_id INTEGER NOT NULL REFERENCES parameters(id),
    value_json TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS workflows (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    creation_date TEXT NOT NULL, title TEXT NOT NULL,
    pipeline_id INTEGER NOT NULL REFERENCES pipelines(id) ON DELETE CASCADE,
    owner_id INTEGER NOT NULL REFERENCES users(id)
);
"""

UPGRADES: dict[int, str] = {
    1: "ALTER TABLE instances ADD COLUMN workflow_id INTEGER",
}
"""What takes a database of a version to the next."""
