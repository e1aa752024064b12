/** A published figure: what goes in, what must come out, and where it was printed. */
export interface Row {
  id: string
  kind: 'daycount' | 'interest' | 'latefee' | 'allocation' | 'commission' | 'rounding' | 'fxminor'
  inputs: Record<string, unknown>
  expected: Record<string, unknown>
}

/** One figure of ours beside the one printed. Decimals and fractions are compared by their value. */
export interface Figure { name: string, ours: unknown, printed: unknown }

/** A row put through the engine, or why it names no convention of ours. */
export type Outcome = { figures: Figure[] } | { leftOut: string }

/** Asks `POST /v1/calculations/{name}` and answers its body. */
export type Ask = (name: string, body: object) => Promise<Record<string, unknown>>

/** Puts rows of one kind through the engine. */
export type Runner = (row: Row, ask: Ask) => Promise<Outcome>

/** A decimal sum as minor units of two decimals, for rows that name no currency. */
export const cents = (text: unknown, exponent = 2): number => {
  const [whole, decimals = ''] = String(text).split('.')
  return Number(`${whole!}${decimals.padEnd(exponent, '0')}`)
}
