/** Where the shop has the application that the page itself asks. */
export const LIVE_PATH = '/live';
