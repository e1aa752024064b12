import type { Figure, Row, Runner } from './row.ts'

const names: Record<string, string> = {
  '30E/360 (Eurobond)': '30E/360', '30/360 Bond Basis (ISDA 30A/360)': '30/360', '30U/360 (US, end-of-February rule)': '30U/360', '30U/360 (EOM flag)': '30U/360', '30/365 (days as 30E/360, basis 365)': '30E/365',
}

/** Day counts, through `POST /v1/calculations/day-count`. */
export const dayCount: Runner = async ({ inputs, expected }: Row, ask) => {
  const { convention, start, end, termination, ref_start: from, ref_end: to } = inputs as Record<string, string>
  // Those that only count days say so in words; days of the calendar they are.
  const name = names[convention!] ?? (/^(ACT days|CH)/.test(convention!) ? 'ACT/365F' : convention!)
  const count = async (more: object = {}) => await ask('day-count', { convention: name, from: start, to: end, ...termination !== undefined && { termination }, ...from !== undefined && { reference: { from, to } }, ...more })
  const figures: Figure[] = []
  if (expected['days_eom_true'] !== undefined) {
    figures.push({ name: 'days, end of month', ours: (await count())['days'], printed: expected['days_eom_true'] }, { name: 'days', ours: (await count({ endOfMonth: false }))['days'], printed: expected['days_eom_false'] })
  }
  if (expected['days_end_is_termination'] !== undefined) {
    figures.push({ name: 'days to the termination', ours: (await count({ termination: end }))['days'], printed: expected['days_end_is_termination'] }, { name: 'days', ours: (await count())['days'], printed: expected['days_end_not_termination'] })
  }
  if (expected['days'] !== undefined) figures.push({ name: 'days', ours: (await count())['days'], printed: expected['days'] })
  if (expected['year_fraction'] !== undefined) figures.push({ name: 'years', ours: (await count())['years'], printed: expected['year_fraction'] })
  return { figures }
}

/** Worked by hand, for where the published rows are not at hand. */
export const dayCountRows: Row[] = [
  { id: 'own-thirty', kind: 'daycount', inputs: { convention: '30E/360 (Eurobond)', start: '2026-01-31', end: '2026-02-28' }, expected: { days: 28, year_fraction: '28/360' } },
  { id: 'own-leap', kind: 'daycount', inputs: { convention: 'ACT/ACT ISDA', start: '2027-12-31', end: '2028-12-31' }, expected: { days: 366, year_fraction: '133591/133590' } },
]
