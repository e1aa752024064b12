import { Type } from 'typebox'
import { add, minor, sub, zero } from './money.ts'
import type { Minor } from './money.ts'
import { Balance } from './schema.ts'

/** The parts of a debt, as every balance, charge and payment is split. */
export const buckets = ['principal', 'interest', 'penalty', 'costs'] as const
export type Bucket = typeof buckets[number]

/** An amount for each part of a debt, in minor units of one currency. */
export type Buckets = Record<Bucket, Minor>

export const noBuckets: Buckets = { principal: zero, interest: zero, penalty: zero, costs: zero }

/** The sum of the parts. */
export const totalOf = (parts: Buckets): Minor => buckets.reduce((sum, bucket) => add(sum, parts[bucket]), zero)

/** Part by part: `a` less `b`. */
export const lessBuckets = (a: Buckets, b: Buckets): Buckets =>
  ({ principal: sub(a.principal, b.principal), interest: sub(a.interest, b.interest), penalty: sub(a.penalty, b.penalty), costs: sub(a.costs, b.costs) })

/** The parts of a row that has them among its columns. */
export const bucketsOf = ({ principal, interest, penalty, costs }: Buckets): Buckets => ({ principal: minor(principal), interest: minor(interest), penalty: minor(penalty), costs: minor(costs) })

const parts = {
  principal: Type.Unsafe<Minor>({ ...Balance, description: 'The sum lent or sold, in minor units.' }),
  interest: Type.Unsafe<Minor>({ ...Balance, description: 'Interest, in minor units.' }),
  penalty: Type.Unsafe<Minor>({ ...Balance, description: 'Late fees and other penalties, in minor units.' }),
  costs: Type.Unsafe<Minor>({ ...Balance, description: 'Costs of collection that the debtor owes, in minor units.' }),
}

/** A sum split into the parts of a debt, with its total, as the API shows it. */
export const BucketsSchema = Type.Object({ ...parts, total: Type.Unsafe<Minor>({ ...Balance, description: 'The sum of the parts, in minor units.' }) }, { title: 'Balance' })

/** What a caller says of each part; a part left out is zero. */
export const BucketsInput = Type.Object({
  principal: parts.principal, interest: Type.Optional(parts.interest), penalty: Type.Optional(parts.penalty), costs: Type.Optional(parts.costs),
}, { title: 'BalanceInput', additionalProperties: false, description: 'What is owed, part by part.' })

/** The parts with their total, as the API shows them. */
export const withTotal = (row: Buckets): Buckets & { total: Minor } => {
  const parts = bucketsOf(row)
  return { ...parts, total: totalOf(parts) }
}
