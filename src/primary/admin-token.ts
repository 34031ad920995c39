/** The variable with the token of whoever may change things over `--admin`. Not a flag: everybody can see those of a process. */
export const ADMIN_TOKEN = 'PREFORK_ADMIN_TOKEN';
