import { add, neg, sub, sum, taxOn, zero } from '#kernel'
import type { Id, Minor } from '#kernel'
import type { Source } from './core.ts'

/** VAT of a document at one rate: the tax of `base`, rounded once. */
export interface Tax { rate: string, base: Minor, vat: Minor }

/** A document to be issued: its lines, its VAT computed once, the costs it bills at cost and without VAT, and by how much that differs from the VAT of its lines. */
export interface Bill { kind: 'invoice' | 'creditNote', creditsId: Id<'invoice'> | null, sources: readonly Source[], taxes: Tax[], commission: Minor, vat: Minor, costs: Minor, withheld: Minor, billed: Minor, difference: Minor }

/** What an earlier invoice billed, less what was credited of it since, by rate. */
export type Standing = ReadonlyMap<Id<'invoice'>, readonly Tax[]>

/**
 * Bills the commission of a period, and the costs that were put on the lender's account in it. What was earned in it is one invoice, together with what was given back of it in the same period; what is given back
 * of earlier invoices is a credit note for each. VAT is computed once on each document's base; the part of an invoice that is credited last takes
 * what is left of its VAT, so that credits never come to more or less than was billed.
 */
export function billsOf (sources: readonly Source[], standing: Standing): Bill[] {
  const earned = sources.filter(({ commission, vat, costsBilled }) => commission !== zero || vat !== zero || costsBilled !== zero)
  const fresh = earned.filter(({ correctsInvoiceId }) => correctsInvoiceId === null)
  const invoice = fresh.length === 0 ? [] : [billOf(fresh, null, [])]
  const credited = [...new Set(earned.flatMap(({ correctsInvoiceId }) => correctsInvoiceId ?? []))]
  return [
    ...invoice.filter(({ commission, vat, costs }) => commission !== zero || vat !== zero || costs !== zero),
    ...credited.map(invoiceId => billOf(earned.filter(({ correctsInvoiceId }) => correctsInvoiceId === invoiceId), invoiceId, standing.get(invoiceId) ?? [])),
  ]
}

function billOf (sources: readonly Source[], creditsId: Id<'invoice'> | null, standing: readonly Tax[]): Bill {
  const taxed = sources.filter(source => source.commission !== zero || source.vat !== zero)
  const rates = [...new Set(taxed.map(({ vatRate }) => vatRate ?? '0'))].sort()
  const taxes = rates.map((rate): Tax => {
    const base = sum(taxed.filter(({ vatRate }) => (vatRate ?? '0') === rate).map(({ commission }) => commission))
    const left = standing.find(tax => tax.rate === rate)
    return { rate, base, vat: left !== undefined && add(left.base, base) === zero ? neg(left.vat) : taxOn(base, rate) }
  })
  const commission = sum(taxes.map(({ base }) => base))
  const vat = sum(taxes.map(tax => tax.vat))
  const costs = sum(sources.map(({ costsBilled }) => costsBilled))
  return {
    kind: sum([commission, vat, costs]) < zero || creditsId !== null ? 'creditNote' : 'invoice', creditsId, sources, taxes, commission, vat, costs, difference: sub(vat, sum(sources.map(source => source.vat))),
    withheld: neg(sum(sources.map(({ held }) => held))), billed: sum(sources.map(({ billed }) => billed)),
  }
}

/** Adds up taxes of the same rate. */
export function sumTaxes (all: readonly Tax[]): Tax[] {
  const byRate = new Map<string, Tax>()
  for (const { rate, base, vat } of all) {
    const known = byRate.get(rate) ?? { rate, base: zero, vat: zero }
    byRate.set(rate, { rate, base: add(known.base, base), vat: add(known.vat, vat) })
  }
  return [...byRate.values()]
}

/** Where a document's rounding difference goes: to trust money when the document was withheld from it and the money is there, else on the lender's account. */
export const roundedFrom = ({ withheld, difference }: Bill, free: { client: Minor, agency: Minor }): 'trust' | 'account' =>
  withheld !== zero && (difference > zero ? free.client >= difference : free.agency >= neg(difference)) ? 'trust' : 'account'
