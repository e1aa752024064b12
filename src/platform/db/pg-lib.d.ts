declare module 'pg/lib/utils.js' {
  /** How node-postgres writes a JavaScript value as a parameter. */
  export function prepareValue (value: unknown): unknown
}
