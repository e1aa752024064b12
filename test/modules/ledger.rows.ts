import type { Line } from '../../src/modules/ledger/index.ts'
import type { EntryKind } from '../../src/modules/ledger/core.ts'

const line = (debit: Line['debit'], credit: Line['credit'], amount: number): Line => ({ debit, credit, amount })

/** A fact about money as two-ended lines, and what stands afterwards: what the debtor owes, the cash in trust, what is owed to the lender of it. In minor units. */
export type LifeRow = [what: string, kind: EntryKind, lines: Line[], owed: number, trustCash: number, lenderDue: number]

/**
 * The whole life of one debt, with everything that can go wrong: paid to the agency and to the lender, bounced before and after the money
 * was passed on, clawed back, settled at a discount, overpaid, written off, recalled.
 */
export const life: readonly LifeRow[] = [
  ['placement', 'placement', [line('D.PRINCIPAL', 'C.PLACED', 1_000_00)], 1_000_00, 0, 0],
  ['lateFee', 'lateFee', [line('D.PENALTY', 'C.CHARGED', 50_00)], 1_050_00, 0, 0],
  ['accrual', 'accrual', [line('D.INTEREST', 'C.ACCRUED', 30_00)], 1_080_00, 0, 0],
  ['costAdvance', 'cost', [line('D.COSTS', 'C.CHARGED', 40_00), line('O.COSTS_ADVANCED', 'O.BANK', 40_00)], 1_120_00, 0, 0],
  ['payAgencyReceived', 'payment', [line('T.CLEARING', 'T.UNAPPLIED', 540_00)], 1_120_00, 540_00, 0],
  ['payAgencyAllocated', 'payment', [line('C.COLLECTED_AGENCY', 'D.COSTS', 40_00), line('C.COLLECTED_AGENCY', 'D.PENALTY', 50_00), line('C.COLLECTED_AGENCY', 'D.INTEREST', 30_00), line('C.COLLECTED_AGENCY', 'D.PRINCIPAL', 420_00), line('T.UNAPPLIED', 'T.CLIENT', 540_00)], 580_00, 540_00, 540_00],
  ['payCleared', 'payment', [line('T.BANK', 'T.CLEARING', 540_00)], 580_00, 540_00, 540_00],
  ['costRecovery', 'adjustment', [line('T.CLIENT', 'T.AGENCY', 40_00), line('O.DUE_FROM_TRUST', 'O.COSTS_ADVANCED', 40_00)], 580_00, 540_00, 500_00],
  ['commissionNet', 'commission', [line('T.CLIENT', 'T.AGENCY', 180_00), line('O.DUE_FROM_TRUST', 'O.COMMISSION_INCOME', 150_00), line('O.DUE_FROM_TRUST', 'O.VAT_OUTPUT', 30_00)], 580_00, 540_00, 320_00],
  ['remittanceNet', 'remittance', [line('T.CLIENT', 'T.BANK', 320_00)], 580_00, 220_00, 0],
  ['sweep', 'remittance', [line('T.AGENCY', 'T.BANK', 220_00), line('O.BANK', 'O.DUE_FROM_TRUST', 220_00)], 580_00, 0, 0],
  ['payDirect', 'payment', [line('C.COLLECTED_DIRECT', 'D.PRINCIPAL', 200_00)], 380_00, 0, 0],
  ['commissionInvoice', 'commission', [line('O.AR', 'O.COMMISSION_INCOME', 60_00), line('O.AR', 'O.VAT_OUTPUT', 12_00)], 380_00, 0, 0],
  ['payAgency2', 'payment', [line('C.COLLECTED_AGENCY', 'D.PRINCIPAL', 180_00), line('T.BANK', 'T.CLIENT', 180_00)], 200_00, 180_00, 180_00],
  ['commissionNet2', 'commission', [line('T.CLIENT', 'T.AGENCY', 64_80), line('O.DUE_FROM_TRUST', 'O.COMMISSION_INCOME', 54_00), line('O.DUE_FROM_TRUST', 'O.VAT_OUTPUT', 10_80)], 200_00, 180_00, 115_20],
  ['offsetDirect', 'adjustment', [line('T.CLIENT', 'T.AGENCY', 72_00), line('O.DUE_FROM_TRUST', 'O.AR', 72_00)], 200_00, 180_00, 43_20],
  ['nsfBeforeRemit', 'paymentReversal', [line('D.PRINCIPAL', 'C.COLLECTED_AGENCY', 180_00), line('T.CLIENT', 'T.BANK', 180_00), line('T.AGENCY', 'T.CLIENT', 64_80), line('O.COMMISSION_INCOME', 'O.DUE_FROM_TRUST', 54_00), line('O.VAT_OUTPUT', 'O.DUE_FROM_TRUST', 10_80)], 380_00, 0, -72_00],
  ['offsetUnwind', 'adjustment', [line('T.AGENCY', 'T.CLIENT', 72_00), line('O.AR', 'O.DUE_FROM_TRUST', 72_00)], 380_00, 0, 0],
  ['nsfFee', 'lateFee', [line('D.PENALTY', 'C.CHARGED', 25_00)], 405_00, 0, 0],
  ['nsfAfterRemit', 'paymentReversal', [line('D.COSTS', 'C.COLLECTED_AGENCY', 40_00), line('D.PENALTY', 'C.COLLECTED_AGENCY', 50_00), line('D.INTEREST', 'C.COLLECTED_AGENCY', 30_00), line('D.PRINCIPAL', 'C.COLLECTED_AGENCY', 420_00), line('T.CLIENT_DUE', 'T.BANK', 540_00)], 945_00, -540_00, 0],
  ['clawback', 'clawback', [line('T.AGENCY', 'T.CLIENT_DUE', 220_00), line('O.COMMISSION_INCOME', 'O.DUE_FROM_TRUST', 150_00), line('O.VAT_OUTPUT', 'O.DUE_FROM_TRUST', 30_00), line('O.COSTS_ADVANCED', 'O.DUE_FROM_TRUST', 40_00)], 945_00, -540_00, 0],
  ['cureAgency', 'adjustment', [line('T.BANK', 'T.AGENCY', 220_00), line('O.DUE_FROM_TRUST', 'O.BANK', 220_00)], 945_00, -320_00, 0],
  ['cureClient', 'adjustment', [line('T.BANK', 'T.CLIENT_DUE', 320_00)], 945_00, 0, 0],
  ['settlementPay', 'payment', [line('C.COLLECTED_AGENCY', 'D.COSTS', 40_00), line('C.COLLECTED_AGENCY', 'D.PENALTY', 75_00), line('C.COLLECTED_AGENCY', 'D.INTEREST', 30_00), line('C.COLLECTED_AGENCY', 'D.PRINCIPAL', 455_00), line('T.BANK', 'T.CLIENT', 600_00)], 345_00, 600_00, 600_00],
  ['settlementDiscount', 'waiver', [line('C.DISCOUNTED', 'D.PRINCIPAL', 245_00)], 100_00, 600_00, 600_00],
  ['overpayment', 'payment', [line('T.BANK', 'T.REFUND', 10_00)], 100_00, 610_00, 600_00],
  ['refund', 'refund', [line('T.REFUND', 'T.BANK', 10_00)], 100_00, 600_00, 600_00],
  ['writeOff', 'writeOff', [line('C.WRITTEN_OFF', 'D.PRINCIPAL', 60_00)], 40_00, 600_00, 600_00],
  ['recall', 'recall', [line('C.RECALLED', 'D.PRINCIPAL', 40_00)], 0, 600_00, 600_00],
  ['remittanceGross', 'remittance', [line('T.CLIENT', 'T.BANK', 600_00)], 0, 0, 0],
  ['commissionInvoiceGross', 'commission', [line('O.AR', 'O.COMMISSION_INCOME', 168_00), line('O.AR', 'O.VAT_OUTPUT', 33_60), line('O.AR', 'O.COSTS_ADVANCED', 40_00)], 0, 0, 0],
  ['clientPaysInvoices', 'payment', [line('O.BANK', 'O.AR', 313_60)], 0, 0, 0],
]
