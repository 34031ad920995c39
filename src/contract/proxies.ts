/** In a list of trusted proxies: those that connect to a Unix socket, which has no addresses. Its permissions say who may. */
export const UNIX_PROXIES = 'unix';
