import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { get } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { sql } from 'drizzle-orm'
import t from 'tap'
import type { Id } from '../../src/kernel/index.ts'
import { newId } from '../../src/platform/index.ts'
import { setOutcomes } from '../../src/modules/contacts/index.ts'
import { withdrawLetters, writeLetters } from '../../src/modules/letters/index.ts'
import { aPostalDebt, permitLetters, writtenLetters } from '../letters.ts'
import type { Written } from '../letters.ts'
import { pagesOfPdf } from '../pdf.ts'
import type { PdfPage } from '../pdf.ts'
import { strangeId, world } from '../world.ts'
import type { Agency } from '../world.ts'

interface Batch { id: string, state: string, count: number, pages: number | null, hash: string | null, postedOn: string | null }
interface Shown { id: string, state: string, reason: string | null, recipient: string | null, accountId: Id<'account'>, batchId: string | null, dueAt: string | null, partyId: string, contactPointId: string, messageId: string }

setFlagsFromString('--expose-gc')
// The boundary of an engine's own function.
const collect = runInNewContext('gc') as () => void
/** What is in memory and needed, in megabytes. */
const held = (): number => {
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return (heapUsed + arrayBuffers) / 2 ** 20
}

const mm = 72 / 25.4
const textOf = ({ lines }: PdfPage): string => lines.map(({ text }) => text).join('\n')
const sha = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

t.test('letters', async t => {
  const w = await world()
  t.teardown(w.close)
  const address = await w.app.listen({ host: '127.0.0.1', port: 0 })
  /** An agency with a lender and debts whose borrowers live somewhere, each with a letter that waits. */
  const start = async (count: number, said?: (i: number) => Written) => {
    const us = await w.agency()
    const bank = await w.lender(us)
    const debts: { accountId: Id<'account'>, placementId: Id<'placement'> }[] = []
    for (let i = 0; i < count; i++) debts.push(await w.account(us, bank, aPostalDebt(`Hafenstr. ${i + 1}\n20457 Hamburg`)))
    const accountIds = debts.map(({ accountId }) => accountId)
    return { us, bank, debts, accountIds, letterIds: await writtenLetters(w, us, accountIds, said) }
  }
  const take = async (us: Agency, body: object = {}): Promise<Batch> => await w.ok<Batch>(us, 'POST', '/v1/letter-batches', body)
  const read = async (us: Agency, id: string): Promise<Batch> => await w.ok<Batch>(us, 'GET', `/v1/letter-batches/${id}`)
  const pdfOf = async (us: Agency, id: string): Promise<Buffer> => (await w.call(us, 'GET', `/v1/letter-batches/${id}/pdf`)).rawPayload
  const list = async (us: Agency, query = ''): Promise<Shown[]> => (await w.ok<{ data: Shown[] }>(us, 'GET', `/v1/letters?limit=200${query}`)).data
  const happened = async (us: Agency, type: string): Promise<Record<string, string>[]> => (await w.ok<{ data: { data: { object: Record<string, string> } }[] }>(us, 'GET', `/v1/events?types=${type}&limit=200`)).data.map(({ data }) => data.object)
  const partyOf = async (us: Agency, id: string): Promise<string> => (await list(us)).find(letter => letter.id === id)!.partyId
  const erase = async (us: Agency, id: string): Promise<void> => { await w.ok(us, 'POST', `/v1/parties/${await partyOf(us, id)}/erase`, { reason: 'subjectRequest' }) }

  await t.test('are printed in a batch, where the window of the envelope is, and posted', async t => {
    const { us, letterIds: [id], accountIds } = await start(1)
    const [waiting] = await list(us)
    t.match(waiting, { id, state: 'waiting', recipient: 'E*** M***, ***', dueAt: '2026-01-19T09:00:00Z', accountId: accountIds[0]!, paper: 'a4', language: 'de', writtenOn: '2026-01-05' })
    t.notMatch(JSON.stringify(waiting), /Hafenstr|offen/, 'neither address nor text is listed')
    const batch = await take(us)
    t.match(batch, { state: 'open', count: 1, pages: null, hash: null, duplex: false })
    t.equal((await w.call(us, 'POST', `/v1/letter-batches/${batch.id}/posted`, { postedOn: '2026-01-05' })).json<{ code: string }>().code, 'letter-batch-state-refused', 'nobody has printed it')
    const reply = await w.call(us, 'GET', `/v1/letter-batches/${batch.id}/pdf`)
    t.match(reply.headers, { 'content-type': 'application/pdf', 'content-disposition': `attachment; filename="letters-${batch.id}.pdf"` })
    const [cover, page, ...more] = pagesOfPdf(reply.rawPayload)
    t.equal(more.length, 0)
    for (const wanted of [batch.id, 'Letters to print\n1', 'on A4, window of an envelope DL\n1', 'Pages, with this one\n2', 'Sheets, with this one\n2', 'on one side']) t.match(textOf(cover!), wanted)
    const lineOf = (text: string) => page!.lines.find(line => line.text === text)
    for (const [text, x, from, to] of [['Erika Mustermann', 25, 62.7, 70], ['20457 Hamburg', 25, 70, 90], ['Sehr geehrte Frau Mustermann,', 25, 98.5, 105]] as const) {
      const line = lineOf(text)!
      t.ok(Math.abs(line.x - x * mm) < 0.1 && line.y > from * mm && line.y < to * mm, `${text} stands at ${line.x / mm}, ${line.y / mm} mm`)
    }
    t.ok(lineOf('es sind noch 12,50 € offen (1).') && lineOf('Seite 1 von 1') && lineOf('2026-01-05') && lineOf(id!))
    t.same(page!.rules.map(({ y }) => Math.round(y / mm)), [105, 210, 149], 'fold and punch marks')
    t.match(await read(us, batch.id), { state: 'made', pages: 2, hash: sha(reply.rawPayload) })
    for (const [postedOn, status] of [['2026-01-04', 422], ['2026-01-06', 422], ['2026-01-05', 200], ['2026-01-05', 409]] as const) t.equal((await w.call(us, 'POST', `/v1/letter-batches/${batch.id}/posted`, { postedOn })).statusCode, status, postedOn)
    t.match(await list(us, `&batchId=${batch.id}&state=posted`), [{ id, postedOn: '2026-01-05' }])
    t.match(await happened(us, 'letter.posted'), [{ letterId: id, messageId: waiting!.messageId, accountId: accountIds[0], postedOn: '2026-01-05' }])
    t.equal((await w.call(us, 'POST', `/v1/letter-batches/${batch.id}/cancel`)).statusCode, 409)
    t.match((await w.call(us, 'POST', `/v1/letters/${id}/returned`, { reason: 'moved' })).json(), { state: 'returned', reason: 'moved', recipient: 'E*** M***, ***' })
    t.equal((await w.call(us, 'POST', `/v1/letters/${id}/returned`, { reason: 'moved' })).statusCode, 409)
    t.match(await happened(us, 'letter.returned'), [{ letterId: id, messageId: waiting!.messageId, contactPointId: waiting!.contactPointId, reason: 'moved' }])
  })

  await t.test('in Chinese and on US paper, each from a new sheet on, A4 first', async t => {
    const long = Array.from({ length: 60 }, (_, i) => `Line ${i + 1}.`).join('\n')
    const { us } = await start(3, i => [
      { country: 'US', language: 'en', recipient: ['Ada Price', '12 High Street', 'Springfield, IL 62701'], text: long },
      { country: 'CN', language: 'zh-CN', recipient: ['李玥', '浙江省杭州市西湖区文三路90号', '310012'], text: '您好：\n您的账户仍有欠款 1,000.00 元，请尽快还款。' },
      { country: 'DE', text: 'Kurz.' },
    ][i]!)
    const batch = await take(us, { duplex: true, sender: 'Harbour Services, PO Box 11' })
    const pdf = await pdfOf(us, batch.id)
    const pages = pagesOfPdf(pdf)
    t.same(pages.map(({ width, lines }) => [Math.round(width), lines.length > 0]), [[595, true], [595, false], [595, true], [595, false], [595, true], [595, false], [612, true], [612, true]], 'each on the front of a sheet')
    const [, , chinese, , german, , american, second] = pages
    for (const text of ['李[U+73A5]', '浙江省杭州市西湖区文三路90号', '您的账户仍有欠款 1,000.00 元，请尽快还款。', '第1页 共1页', 'Harbour Services, PO Box 11']) t.ok(chinese!.lines.some(line => line.text === text), text)
    t.match(textOf(german!), 'Kurz.')
    const name = american!.lines.find(({ text }) => text === 'Ada Price')!
    t.ok(name.x === 72 && name.y > 2.5 * 72 && name.y < 2.8 * 72)
    t.ok(american!.lines.find(({ text }) => text.startsWith('Harbour'))!.y < 1.1 * 72, 'whom it is from is not read through the window')
    t.match(textOf(american!), /Page 1 of 2/)
    t.match(textOf(second!), /Line 60\.[^]*Page 2 of 2/)
    t.notMatch(textOf(second!), /Ada Price/)
    t.match(textOf(pages[0]!), /no font has: look for \[U\+\n1\n/, 'a name that cannot be printed is to be looked at')
    t.match(textOf(pages[0]!), /US Letter, window of an envelope #10\n1[^]*Pages, with this one\n8\nSheets, with this one\n4/)
    t.match(await read(us, batch.id), { pages: 8, hash: sha(pdf) })
    t.ok((await pdfOf(us, batch.id)).equals(pdf), 'the same batch is the same to the byte')
  })

  await t.test('are the same to the byte though the agency has another name and clock since', async t => {
    const { us } = await start(2)
    const batch = await take(us)
    const pdf = await pdfOf(us, batch.id)
    await w.tx(us, async tx => { await tx.execute(sql`update tenants set name = 'Another', time_zone = 'America/New_York'`) })
    await w.liveUntil(us, '2026-01-09T09:00:00Z')
    t.ok((await pdfOf(us, batch.id)).equals(pdf))
  })

  await t.test('are written once for a message, under its own permit, and with the rest of the transaction or not at all', async t => {
    const { us, accountIds } = await start(1)
    const write = async (change: (letter: Awaited<ReturnType<typeof permitLetters>>[number]) => object, die = false): Promise<unknown> => await w.tx(us, async tx => {
      const safe = await w.vault.safeOf(tx)
      const toWrite = await permitLetters(w, tx, accountIds)
      const first = await writeLetters(tx, safe, toWrite.map(letter => ({ ...letter, ...change(letter) })))
      t.same(await writeLetters(tx, safe, toWrite), first, 'asked again it answers the same')
      await setOutcomes(tx, toWrite.map(({ messageId }) => messageId), 'sent')
      t.same(await writeLetters(tx, safe, toWrite), first, 'also when the contact was made')
      if (die) throw new Error('killed')
    })
    await t.rejects(write(() => ({ messageId: newId('message') })), /no pending contact permits/, 'a permit of another message')
    await t.rejects(write(() => ({ permit: strangeId('permit') })), /no pending contact permits/, 'a permit of nobody')
    await t.rejects(w.tx(us, async tx => {
      const toWrite = await permitLetters(w, tx, accountIds)
      await setOutcomes(tx, toWrite.map(({ messageId }) => messageId), 'sent')
      await writeLetters(tx, await w.vault.safeOf(tx), toWrite)
    }), /no pending contact permits/, 'a permit that was used')
    await t.rejects(write(() => ({ recipient: [] })), /lines/)
    await t.rejects(write(() => ({ text: 'x'.repeat(100_001) })), /too long/)
    await t.rejects(write(() => ({}), true), /killed/)
    t.equal((await list(us)).length, 1)
    await write(() => ({}))
    t.equal((await list(us)).length, 2)
  })

  await t.test('lose their reason while they wait, and say which', async t => {
    const { us, bank, debts, accountIds, letterIds } = await start(7)
    const [recalled, paid, held, moved, refused, gone, fit] = debts.map(({ accountId }, i) => ({ accountId, letterId: letterIds[i]!, placementId: debts[i]!.placementId }))
    await w.ok(bank, 'POST', `/v1/placements/${recalled!.placementId}/recall`, { reason: 'other', mandatory: true })
    await w.ok(us, 'POST', '/v1/payments', { accountId: paid!.accountId, amount: 1_000_00, currency: 'CNY', receivedOn: '2026-01-05', receivedBy: 'agency', method: 'card' })
    await w.ok(us, 'POST', '/v1/holds', { accountId: held!.accountId, kind: 'lenderRequest' })
    const points = new Map((await list(us)).map(({ id, contactPointId }) => [id, contactPointId]))
    await w.ok(us, 'POST', `/v1/contact-points/${points.get(moved!.letterId)}/invalidate`, { reason: 'moved' })
    await w.ok(us, 'POST', '/v1/consents', { contactPointId: points.get(refused!.letterId), channel: 'letter', state: 'withdrawn', source: 'writing' })
    await erase(us, gone!.letterId)
    const batch = await take(us, { limit: 5 })
    t.match(batch, { count: 1, state: 'open' })
    await w.settle(us)
    const reasons = { [recalled!.letterId]: 'placementEnded', [paid!.letterId]: 'placementEnded', [held!.letterId]: 'onHold', [moved!.letterId]: 'unreachable', [refused!.letterId]: 'optedOut', [gone!.letterId]: 'unreachable' }
    for (const letter of await list(us)) t.match(letter, letter.id === fit!.letterId ? { state: 'batched', batchId: batch.id, dueAt: null } : { state: 'withdrawn', reason: reasons[letter.id], batchId: null, dueAt: null })
    t.same(Object.fromEntries((await happened(us, 'letter.withdrawn')).map(({ letterId, reason }) => [letterId, reason])), reasons)
    t.match(await take(us), { state: 'cancelled', count: 0 }, 'nothing is left')
    t.equal((await w.call(us, 'GET', `/v1/letter-batches/${(await take(us)).id}/pdf`)).statusCode, 409)
    t.equal(accountIds.length, 7)
  })

  await t.test('are never in two batches, however many are taken at once', async t => {
    const { us } = await start(12)
    const batches = await Promise.all(Array.from({ length: 4 }, async () => await take(us, { limit: 4 })))
    t.equal(batches.reduce((sum, { count }) => sum + count, 0), 12)
    for (const { id, count } of batches) t.equal((await list(us, `&batchId=${id}`)).length, count)
  })

  await t.test('wait again when their batch is dissolved, for what is left of 14 days, and are withdrawn after', async t => {
    const { us, letterIds: [id] } = await start(1)
    const [before] = await list(us)
    const batch = await take(us)
    await pdfOf(us, batch.id)
    await w.liveUntil(us, '2026-01-18T09:00:00Z')
    t.match(await w.ok(us, 'POST', `/v1/letter-batches/${batch.id}/cancel`), { state: 'cancelled' })
    t.same(await list(us), [before], 'as before')
    t.equal((await w.call(us, 'POST', `/v1/letter-batches/${batch.id}/posted`, { postedOn: '2026-01-18' })).statusCode, 409)
    await w.liveUntil(us, '2026-01-19T08:59:59Z')
    t.match(await list(us), [{ state: 'waiting' }])
    await w.liveUntil(us, '2026-01-19T09:00:00Z')
    t.match(await list(us), [{ state: 'withdrawn', reason: 'notPrinted', dueAt: null }])
    t.match(await happened(us, 'letter.withdrawn'), [{ letterId: id, reason: 'notPrinted' }])
  })

  await t.test('of messages that lost their reason are withdrawn as long as nobody has printed them, and leave their batch', async t => {
    const { us, letterIds: [made, posted, open, alone, waiting] } = await start(6)
    const batches: Batch[] = []
    for (const limit of [1, 1, 1, 1]) batches.push(await take(us, { limit }))
    const [first, second, third, fourth] = batches
    const fifth = await take(us, { limit: 1 })
    await w.ok(us, 'POST', `/v1/letter-batches/${fifth.id}/cancel`)
    for (const { id } of [first!, second!]) await pdfOf(us, id)
    await w.ok(us, 'POST', `/v1/letter-batches/${second!.id}/posted`, { postedOn: '2026-01-05' })
    await w.ok(us, 'POST', `/v1/letter-batches/${third!.id}/cancel`)
    const shared = await take(us, { limit: 3 })
    t.match(await list(us, `&batchId=${shared.id}`), [{ id: open }, { id: waiting }, {}])
    const messages = new Map((await list(us)).map(({ id, messageId }) => [id, messageId as Id<'message'>]))
    const asked = [made, posted, open, alone].map(id => messages.get(id!)!)
    for (let i = 0; i < 2; i++) await w.tx(us, async tx => { await withdrawLetters(tx, [...asked, newId('message')], 'onHold') })
    t.match(await list(us), [{ state: 'batched', batchId: first!.id }, { state: 'posted' }, { state: 'withdrawn', reason: 'onHold', batchId: null }, { state: 'withdrawn', reason: 'onHold' }, { id: waiting, state: 'batched' }, { state: 'batched' }])
    t.same((await happened(us, 'letter.withdrawn')).map(({ letterId }) => letterId), [open, alone], 'told once')
    t.match(await read(us, shared.id), { state: 'open', count: 2 })
    t.match(await read(us, fourth!.id), { state: 'cancelled', count: 0 }, 'a batch that has none left')
    await pdfOf(us, shared.id)
    t.match(await read(us, shared.id), { state: 'made', count: 2 })
    await w.ok(us, 'POST', `/v1/letter-batches/${shared.id}/cancel`)
    await w.tx(us, async tx => { await withdrawLetters(tx, [messages.get(waiting!)!], 'placementEnded') })
    t.match(await list(us), [{}, {}, {}, {}, { state: 'withdrawn', reason: 'placementEnded' }, { state: 'waiting' }], 'of those that wait, too')
  })

  await t.test('whose party is erased are withdrawn as long as nobody has printed them, and counted as erased where somebody has', async t => {
    const { us, accountIds, letterIds: [waiting, open, stays, made] } = await start(4)
    const [first, second] = [await take(us, { limit: 1 }), await take(us, { limit: 2 })]
    t.match(await list(us, `&batchId=${first.id}`), [{ id: waiting }])
    await w.ok(us, 'POST', `/v1/letter-batches/${first.id}/cancel`)
    const third = await take(us, { limit: 2 })
    t.equal(third.count, 2)
    await pdfOf(us, third.id)
    const { hash } = await read(us, third.id)
    for (const id of [open, made]) await erase(us, id!)
    const printedNow = textOf(pagesOfPdf(await pdfOf(us, third.id))[0]!)
    t.match(printedNow, /Letters to print\n1[^]*Erased since, and not printed\n1/, 'at once, before any job has run')
    await w.settle(us)
    t.match(await list(us), [{ id: waiting, state: 'batched' }, { id: open, state: 'withdrawn', reason: 'unreachable', recipient: null }, { id: stays, state: 'batched' }, { id: made, state: 'batched', recipient: null }])
    t.match(await read(us, second.id), { state: 'open', count: 1 })
    const pdf = await pdfOf(us, third.id)
    t.equal(pagesOfPdf(pdf).length, 2)
    t.match(await read(us, third.id), { state: 'made', count: 2, hash }, 'the hash stays that of what was printed')
    t.not(sha(pdf), hash)
    await pdfOf(us, second.id)
    t.match(await read(us, second.id), { state: 'made', count: 1 })
    const { rows } = await w.tx(us, async tx => await tx.execute(sql`select count(*)::int as n from letters where recipient is null and body is null`))
    t.same(rows, [{ n: 2 }])
    t.equal((await w.call(us, 'GET', `/v1/letters/${made}/text?purpose=contact`)).json<{ code: string }>().code, 'party-erased')
    await w.ok(us, 'POST', `/v1/letter-batches/${third.id}/cancel`)
    t.match(await list(us), [{ state: 'waiting' }, { state: 'withdrawn' }, { state: 'batched' }, { state: 'withdrawn', reason: 'unreachable' }], 'what is empty does not wait again')
    // A message that was permitted before, and is settled after.
    await writtenLetters(w, us, [accountIds[3]!])
    t.match((await list(us)).at(-1), { state: 'withdrawn', reason: 'unreachable', recipient: null })
  })

  await t.test('are read in the clear by who may, and each reading is kept', async t => {
    const { us, letterIds: [id] } = await start(1)
    const partyId = await partyOf(us, id!)
    t.match((await w.call(us, 'GET', `/v1/letters/${id}/text?purpose=legal`)).json(), { id, recipient: ['Erika Mustermann', 'Hafenstr. 1', '20457 Hamburg'], text: /^Sehr geehrte Frau Mustermann,\n\nes sind noch/ })
    t.equal((await w.call(us, 'GET', `/v1/letters/${id}/text`)).statusCode, 400, 'not without saying what for')
    await pdfOf(us, (await take(us)).id)
    t.match(await w.ok(us, 'GET', `/v1/parties/${partyId}/reveals`), { data: [{ operation: 'getLetterBatchPdf', purpose: 'contact' }, { operation: 'getLetterText', purpose: 'legal' }] })
    const { key } = await w.ok<{ key: string }>(us, 'POST', '/v1/api-keys', { kind: 'service', name: 'Print room', scopes: ['letters:read'] })
    t.equal((await w.call({ key }, 'GET', '/v1/letters')).statusCode, 200)
    t.equal((await w.call({ key }, 'GET', `/v1/letters/${id}/text?purpose=legal`)).statusCode, 403)
  })

  await t.test('of another agency do not exist, and lenders have nothing to do with them', async t => {
    const { us, bank, letterIds: [id] } = await start(1)
    const them = await w.agency()
    const batch = await take(us)
    for (const [method, path, body] of [['GET', `letter-batches/${batch.id}/pdf`], ['POST', `letter-batches/${batch.id}/cancel`], ['POST', `letters/${id}/returned`, { reason: 'moved' }], ['GET', `letters/${id}/text?purpose=legal`]] as const) {
      t.equal((await w.call(them, method, `/v1/${path}`, body)).statusCode, 404)
      t.equal((await w.call(bank, method, `/v1/${path}`, body)).statusCode, 403)
    }
    t.same(await list(them), [])
    t.match(await take(them), { count: 0 })
  })

  await t.test('of a batch that was not read to the end stay unprinted, and the batch is made when it is read again', async t => {
    const { us } = await start(30, () => ({ text: 'Ein langer Brief. '.repeat(500) }))
    const batch = await take(us)
    const hangUp = get(`${address}/v1/letter-batches/${batch.id}/pdf`, { headers: { authorization: `Bearer ${us.key}` } })
    const [reply] = await once(hangUp, 'response') as [IncomingMessage]
    await once(reply, 'readable')
    t.ok((reply.read(100) as Buffer | null)?.toString('latin1').startsWith('%PDF'))
    hangUp.destroy()
    t.match(await read(us, batch.id), { state: 'open', hash: null })
    t.equal((await w.call(us, 'POST', `/v1/letter-batches/${batch.id}/posted`, { postedOn: '2026-01-05' })).statusCode, 409)
    const pdf = await pdfOf(us, batch.id)
    t.match(await read(us, batch.id), { state: 'made', hash: sha(pdf) })
  })

  await t.test('are a thousand in one batch, read as a stream: others are served meanwhile, and memory stays flat', async t => {
    const us = await w.agency()
    const { accountId } = await w.account(us, await w.lender(us), aPostalDebt())
    const words = ['您的账户仍有欠款，请尽快还款。如有疑问，请与我们联系。', 'Bitte überweisen Sie den offenen Betrag auf das unten genannte Konto. ', 'If you have paid, thank you: nothing more is needed. ']
    await writtenLetters(w, us, Array.from({ length: 1_000 }, () => accountId), i => ({ text: `${i}\n${words[i % 3]!.repeat(i % 3 === 0 ? 45 : 30)}` }))
    const batch = await take(us)
    t.equal(batch.count, 1_000)
    const before = held()
    const started = performance.now()
    let [peak, longest, last, bytes] = [0, 0, started, 0]
    const watch = setInterval(() => {
      longest = Math.max(longest, performance.now() - last)
      last = performance.now()
    }, 5)
    const weigh = setInterval(() => {
      peak = Math.max(peak, held())
      last = performance.now()
    }, 500)
    const [reply] = await once(get(`${address}/v1/letter-batches/${batch.id}/pdf`, { headers: { authorization: `Bearer ${us.key}` } }), 'response') as [IncomingMessage]
    const hash = createHash('sha256')
    for await (const chunk of reply as AsyncIterable<Buffer>) {
      bytes += chunk.length
      hash.update(chunk)
    }
    clearInterval(watch)
    clearInterval(weigh)
    const [seconds, megabytes] = [(performance.now() - started) / 1_000, peak - before]
    t.comment(`1,000 letters: ${seconds.toFixed(1)} s, ${megabytes.toFixed(0)} MB above what was there, ${(bytes / 2 ** 20).toFixed(1)} MB of PDF, others waited ${longest.toFixed(0)} ms at most`)
    t.match(await read(us, batch.id), { state: 'made', pages: 1_001, hash: hash.digest('hex') })
    t.ok(seconds < 90, 'in time')
    t.ok(megabytes < 40, 'memory')
    t.ok(longest < 2_000, 'others are served')
  })

  await t.test('and no work failed on the way', async t => { t.same(w.failures, []) })
})
