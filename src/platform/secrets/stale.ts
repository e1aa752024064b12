/** A value is sealed with a key made after ours were loaded: another process rotated. The keys have been dropped; the same work done again reads them anew. */
export class StaleKeys extends Error {}
