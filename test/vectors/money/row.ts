/** A published figure: what goes in, what must come out, and where it was printed. */
export interface Row {
  id: string
  kind: 'daycount' | 'interest' | 'latefee' | 'allocation' | 'commission' | 'rounding' | 'fxminor'
  inputs: Record<string, unknown>
  expected: Record<string, unknown>
}

/** A row put through the engine: each figure beside the one printed, or why the row names no convention of ours. */
export type Outcome = { figures: { name: string, ours: unknown, printed: unknown }[] } | { leftOut: string }

/** Puts rows of one kind through the engine. */
export type Runner = (row: Row) => Outcome
