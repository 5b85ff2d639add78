/** What is known of an instance just now and not stored: one bit each in the catalog's `flags` column. Bound: eight. */

/** The lease ran out, and that is not decided yet. */
export const LAPSED = 1;
/** Its address is being asked, because it lapsed with too many others. */
export const ASKED = 2;
/** Kept in discovery by a guard until its deadline. */
export const HELD = 4;
/** Not heard since the start. */
export const IN_GRACE = 8;
/** Its removal is in a batch that is not applied yet. */
export const LEAVING = 16;
/** In discovery answers, as `settle` of the catalog last found. Set by nobody else. */
export const DISCOVERABLE = 32;
/** A guard has held or asked it since it was last heard, and will not again. */
export const SPARED = 64;
/** Heard while it was late, and that is not stored yet. */
export const OWED = 128;
