import { idOf } from '../src/kernel/index.ts'
import type { Id } from '../src/kernel/index.ts'
import { newId } from '../src/platform/index.ts'
import type { Tx } from '../src/platform/index.ts'
import { sql } from 'drizzle-orm'
import { permitMessages } from '../src/modules/contacts/index.ts'
import type { LetterToWrite } from '../src/modules/letters/index.ts'
import { recipientLines, writeLetters } from '../src/modules/letters/index.ts'
import { aDebt } from './world.ts'
import type { Agency, World } from './world.ts'

/** A debt whose borrower lives somewhere, and has no other address. */
export const aPostalDebt = (address = 'Hafenstr. 1\n20457 Hamburg', name = 'Erika Mustermann') => {
  const { parties: [borrower], ...debt } = aDebt()
  return { ...debt, parties: [{ ...borrower!, name, contactPoints: [{ channel: 'postal' as const, value: address }] }] }
}

/** What a letter of a test is not about. */
export type Written = Partial<Omit<LetterToWrite, 'permit' | 'messageId' | 'accountId' | 'lenderId' | 'partyId' | 'contactPointId'>>

/** Permits letters about debts, one to the postal address of each borrower, as a sender of messages does; answers what is to be written. */
export async function permitLetters (w: World, tx: Tx, accountIds: readonly Id<'account'>[], said: (i: number) => Written = () => ({})): Promise<LetterToWrite[]> {
  const { rows } = await tx.execute(sql`select a.id, a.lender_id, cp.party_id, cp.id as contact_point_id, cp.value_index from unnest(${sql.param(accountIds.map(id => id.slice(4)))}::uuid[]) with ordinality asked (id, n)
    join accounts a on a.tenant_id = ${tx.ctx.tenantId.slice(4)}::uuid and a.id = asked.id join account_parties ap on ap.tenant_id = a.tenant_id and ap.account_id = a.id
    join contact_points cp on cp.tenant_id = a.tenant_id and cp.party_id = ap.party_id and cp.channel = 'postal' order by asked.n`)
  const contacts = rows.map(row => ({
    messageId: newId('message'), accountId: idOf('account', String(row['id'])), lenderId: idOf('lender', String(row['lender_id'])), partyId: idOf('party', String(row['party_id'])),
    contactPointId: idOf('contactPoint', String(row['contact_point_id'])), personKey: `party:${String(row['party_id'])}`, valueIndex: row['value_index'] as Buffer, channel: 'letter' as const, decisionId: newId('policyDecision'),
  }))
  const permits = await permitMessages(tx, await w.vault.safeOf(tx), contacts)
  return contacts.map(({ personKey: _p, valueIndex: _v, channel: _c, decisionId: _d, ...contact }, i) => ({
    ...contact, permit: permits.get(contact.messageId)!, recipient: recipientLines('Erika Mustermann', 'Hafenstr. 1\n20457 Hamburg'), country: 'DE', text: `Sehr geehrte Frau Mustermann,\n\nes sind noch 12,50 € offen (${i + 1}).`,
    templateVersion: 'builtin:reminder.letter.de.1', language: 'de', ...said(i),
  }))
}

/** Permits and writes letters in one transaction; answers their ids, debt by debt. */
export const writtenLetters = async (w: World, us: Agency, accountIds: readonly Id<'account'>[], said?: (i: number) => Written): Promise<Id<'letter'>[]> => await w.tx(us, async tx => {
  const toWrite = await permitLetters(w, tx, accountIds, said)
  const written = await writeLetters(tx, await w.vault.safeOf(tx), toWrite)
  return toWrite.map(({ messageId }) => written.get(messageId)!)
})
