/** The directories of the system's own programs. Root's `PATH` may begin in the application's directory, as npm sets it. */
export const SYSTEM_PATH = '/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin:/run/current-system/sw/bin';
