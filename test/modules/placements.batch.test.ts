import { randomBytes } from 'node:crypto'
import pg from 'pg'
import t from 'tap'
import type * as Tap from 'tap'
import { controlOf, lineCutter, lineOf, rowCharactersMax, rowOf, tally } from '../../src/modules/placements/batch.core.ts'
import { addPart } from '../../src/modules/placements/batch.commands.ts'
import type { DebtInput } from '../../src/modules/placements/index.ts'
import { newId } from '../../src/platform/index.ts'
import type { Vault } from '../../src/platform/index.ts'
import { runJob } from '../../src/platform/jobs/run.ts'
import { aDebt, strangeId, world } from '../world.ts'
import type { As } from '../world.ts'

t.test('a line cutter cuts the same lines however the text arrives', async t => {
  const text = 'one\r\ntwo\n\nthree'
  for (const size of [1, 2, 3, 5, 100]) {
    const cutter = lineCutter()
    const lines: (string | null)[] = []
    for (let at = 0; at < text.length; at += size) lines.push(...cutter.cut(text.slice(at, at + size)))
    t.same([...lines, ...cutter.end()], ['one\r', 'two', '', 'three'], `in pieces of ${size}`)
  }
})

t.test('a line longer than a row may be is no row, and is not kept in memory', async t => {
  const cutter = lineCutter()
  const long = 'x'.repeat(rowCharactersMax)
  t.same(cutter.cut(`${long}\n${long}y\nshort\n`), [long, null, 'short'])
  t.same(cutter.cut(long + long), [])
  t.same(cutter.cut(long), [])
  t.same(cutter.cut('\nnext\n'), [null, 'next'])
  t.same(cutter.cut(`${long}y`), [])
  t.same(cutter.end(), [null])
})

t.test('a row that waits comes back as it went', async t => {
  for (const row of [
    { earlier: null, content: { json: '{"a":"J1C"}' } }, { earlier: 17, content: { cells: ['a', '', '1\n2'] } },
    { earlier: null, content: { refusal: { code: 'row-too-long', errors: [{ pointer: '', column: null, message: 'x' }] } } }, { earlier: 3, content: { json: '12' } },
  ]) {
    t.same(rowOf(lineOf(row)), row)
    t.notOk(lineOf(row).includes('\n'), 'on one line')
  }
})

t.test('totals are counted by currency, and a control total is compared with what arrived', async t => {
  const amount = (currency: string, total: number) => ({ currency, total })
  const progress = tally([
    { outcome: 'accepted', amount: amount('USD', 5) }, { outcome: 'rejected', amount: null }, { outcome: 'duplicate', amount: amount('USD', 7) },
    { outcome: 'accepted', amount: amount('CNY', Number.MAX_SAFE_INTEGER) }, { outcome: 'accepted', amount: amount('CNY', 1) },
  ])
  t.same(progress, {
    doneCount: 5, acceptedCount: 3, duplicateCount: 1, rejectedCount: 1,
    totals: [{ currency: 'CNY', receivedAmount: Number.MAX_SAFE_INTEGER, acceptedAmount: Number.MAX_SAFE_INTEGER }, { currency: 'USD', receivedAmount: 12, acceptedAmount: 5 }],
  })
  const usd = progress.totals.slice(1)
  t.same(controlOf({ count: 5, amount: 12 }, 5, usd), { isCountMatched: true, isAmountMatched: true })
  t.same(controlOf({ count: 4, amount: 5 }, 5, usd), { isCountMatched: false, isAmountMatched: false })
  t.same(controlOf({ count: null, amount: null }, 5, usd), { isCountMatched: null, isAmountMatched: null })
  t.same(controlOf({ count: null, amount: 12 }, 5, progress.totals), { isCountMatched: null, isAmountMatched: false }, 'sums of two currencies are no sum')
})

interface Row { row: number, outcome: string, code: string | null, errors: { pointer: string, column: string | null }[] | null, lenderReference: string | null, accountId: string | null }
interface Batch { id: string, state: string, rowCount: number, doneCount: number, acceptedCount: number, duplicateCount: number, rejectedCount: number, totals: object[], control: object, rows: Row[] }

const ndjson = { 'content-type': 'application/x-ndjson' }
const csv = { 'content-type': 'text/csv' }
const lines = (rows: readonly unknown[]): string => rows.map(row => typeof row === 'string' ? row : JSON.stringify(row)).join('\n')
const debts = (n: number): DebtInput[] => Array.from({ length: n }, aDebt)

t.test('over HTTP', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const them = await w.agency()
  const bank = await w.lender(us)
  const rival = await w.lender(us)
  const path = `/v1/placement-batches?lenderId=${bank.id}`

  const send = async (as: As, body: string, query = '', headers: Record<string, string> = ndjson, url = path) => await w.call(as, 'POST', url + query, body, headers)
  const sent = async (body: string, query = '', headers?: Record<string, string>) => {
    const reply = await send(us, body, query, headers)
    if (reply.statusCode >= 300) throw new Error(reply.body)
    return reply.json<Batch>()
  }
  const find = async (id: string) => await w.ok<Batch>(us, 'GET', `/v1/placement-batches/${id}`)
  const rowsOf = async (id: string, query = ''): Promise<Row[]> => {
    const all: Row[] = []
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: { data: Row[], nextCursor: string | null } = await w.ok(us, 'GET', `/v1/placement-batches/${id}/rows?limit=200${query}${cursor === '' ? '' : `&cursor=${cursor}`}`)
      all.push(...page.data)
      cursor = page.nextCursor
    }
    return all
  }
  /** What is in the database past the API. */
  const numbers = async (text: string): Promise<number[]> => {
    const client = new pg.Client({ connectionString: w.url })
    await client.connect()
    try {
      return (await client.query<{ n: string }>({ text })).rows.map(({ n }) => Number(n))
    } finally {
      await client.end()
    }
  }
  const work = async (machine = w.machine): Promise<void> => {
    while (await runJob({ ...machine, onFailure: () => undefined }, 'placements.processBatches', us.id, 60_000)) { /* another slice */ }
  }
  const leftovers = async () => await numbers('select count(*) as n from placement_parts union all select count(*) from placement_batches where state = \'receiving\'')

  t.test('a small batch is placed at once, each row with its own outcome in input order', async t => {
    const [good, twice, bad, torn] = debts(4)
    const batch = await sent(lines([good, twice, twice, { ...bad!, timeZone: 'Mars/Olympus' }, `${JSON.stringify(torn).slice(0, -1)}`, { ...torn!, amout: 1 }, '', '[1]', good]), '&expectedCount=8&expectedAmount=400000')
    t.match(batch, { state: 'processed', rowCount: 8, doneCount: 8, acceptedCount: 2, duplicateCount: 2, rejectedCount: 4 })
    t.same(batch.rows.map(({ row, outcome, code, errors }) => [row, outcome, code, errors?.[0]?.pointer]), [
      [1, 'accepted', null, undefined], [2, 'accepted', null, undefined], [3, 'duplicate', 'placement-duplicate', '/lenderReference'], [4, 'rejected', 'time-zone-unknown', '/timeZone'],
      [5, 'rejected', 'malformed-json', '/parties'], [6, 'rejected', 'invalid-request', '/amout'], [7, 'rejected', 'invalid-request', ''], [8, 'duplicate', 'placement-duplicate', '/lenderReference'],
    ])
    t.equal(batch.rows[0]!.lenderReference, good!.lenderReference)
    t.match(batch, { totals: [{ currency: 'CNY', receivedAmount: 500_000, acceptedAmount: 200_000 }], control: { isCountMatched: true, isAmountMatched: false } })
    t.match(await w.ok(us, 'GET', `/v1/accounts/${batch.rows[0]!.accountId}`), { lenderReference: good!.lenderReference, balance: { total: 1_000_00 } })
    const { rows, ...shown } = batch
    t.same(await find(batch.id), shown)
    t.same(await rowsOf(batch.id), rows)
    t.match(await w.ok(us, 'GET', `/v1/placement-batches?lenderId=${bank.id}&state=processed`), { data: [{ id: batch.id }] })
    t.same((await rowsOf(batch.id, '&outcome=rejected')).map(({ row }) => row), [4, 5, 6, 7])
  })

  t.test('a large batch is received, then placed in the background, and says so when it is done', async t => {
    const rows = debts(1_300)
    const reply = await send(us, lines([...rows.slice(0, 1_299), rows[7]!]), '&expectedCount=1300')
    t.equal(reply.statusCode, 202)
    const { id } = reply.json<Batch>()
    t.match(await find(id), { state: 'processing', rowCount: 1_300, doneCount: 0, control: { isCountMatched: true, isAmountMatched: null } })
    await w.settle(us)
    t.match(await find(id), { state: 'processed', doneCount: 1_300, acceptedCount: 1_299, duplicateCount: 1, rejectedCount: 0, totals: [{ receivedAmount: 1_300 * 1_000_00 }] })
    const outcomes = await rowsOf(id)
    t.same(outcomes.map(({ row }) => row), Array.from({ length: 1_300 }, (_, i) => i + 1), 'in input order, every row once')
    t.same(outcomes.slice(0, 1_299).map(({ lenderReference }) => lenderReference), rows.slice(0, 1_299).map(({ lenderReference }) => lenderReference))
    t.match(outcomes[1_299], { outcome: 'duplicate', errors: [{ message: 'is the reference of row 8' }] })
    t.same(await leftovers(), [0, 0])
    t.same(await numbers(`select count(*) as n from events where type like 'placementBatch.%' and data->>'batchId' = '${id}'`), [2])
  })

  t.test('a dry run tells every outcome and leaves nothing', async t => {
    const before = await numbers('select count(*) as n from accounts union all select count(*) from parties union all select count(*) from postings union all select count(*) from placements')
    const [known] = debts(1)
    await sent(lines([known]))
    const rows = [...debts(1_100), { ...aDebt(), currency: 'USD' }, known!]
    const { id } = await sent(lines(rows), '&dryRun=true')
    await w.settle(us)
    t.match(await find(id), { dryRun: true, state: 'processed', acceptedCount: 1_100, rejectedCount: 1, duplicateCount: 1, totals: [{ acceptedAmount: 1_100 * 1_000_00 }, { currency: 'USD', acceptedAmount: 0 }] })
    t.match((await rowsOf(id)).slice(-2), [{ outcome: 'rejected', code: 'agreement-missing', accountId: null }, { outcome: 'duplicate', code: 'placement-duplicate' }])
    const after = await numbers('select count(*) as n from accounts union all select count(*) from parties union all select count(*) from postings union all select count(*) from placements')
    t.same(after, before.map(n => n + 1), 'but for the one placed before')
  })

  t.test('JSON and CSV place what NDJSON places', async t => {
    const [one] = debts(1)
    const json = await sent(JSON.stringify({ rows: [one, 'nonsense'] }), '', { 'content-type': 'application/json' })
    t.match(json.rows, [{ outcome: 'accepted', lenderReference: one!.lenderReference }, { outcome: 'rejected', code: 'invalid-request' }])

    const mapping = {
      lenderReference: { column: 'No' }, product: { constant: 'invoice' }, currency: { constant: 'CNY' }, jurisdiction: { constant: 'CN' }, timeZone: { constant: 'Asia/Shanghai' },
      dueOn: { column: 'Due', as: 'date', format: 'D.M.YYYY' }, 'balance.principal': { column: 'Sum', as: 'decimal', point: ',', thousands: '.' },
      'parties.0.role': { constant: 'borrower' }, 'parties.0.kind': { constant: 'person' }, 'parties.0.name': { column: 'Name' },
      'parties.0.contactPoints.0.channel': { constant: 'email' }, 'parties.0.contactPoints.0.value': { column: 'Mail' },
      'parties.0.contactPoints.1.channel': { constant: 'phone' }, 'parties.0.contactPoints.1.value': { column: 'Phone' },
    }
    const file = [
      '\ufeffNo;Due;Sum;Name;Mail;Phone', 'F-1;20.12.2025;1.234,50;"Li; Wei";li@example.com;+8613800138000', 'F-2;31.02.2025;x;;;', '',
      'F-3;20.12.2025;5,00;Wang;;12', 'F-4;20.12.2025', 'F-1;20.12.2025;1,00;Twice;;', ';;;;;',
    ].join('\r\n')
    const placed = await sent(file, `&delimiter=semicolon&mapping=${encodeURIComponent(JSON.stringify(mapping))}`, csv)
    t.same(placed.rows.map(({ outcome, code, errors }) => [outcome, code, ...errors?.map(({ pointer, column }) => `${pointer} ${column}`) ?? []]), [
      ['accepted', null],
      ['rejected', 'row-unreadable', '/balance/principal Sum', '/dueOn Due'],
      ['rejected', 'contact-point-refused', '/parties/0/contactPoints/0/value Phone'],
      ['rejected', 'row-unreadable', ' null'],
      ['duplicate', 'placement-duplicate', '/lenderReference null'],
    ], 'a pointer leads into the placement, its column into the file, even where an empty cell moved the list')
    t.match(await w.ok(us, 'GET', `/v1/accounts/${placed.rows[0]!.accountId}`), { balance: { total: 1_234_50 }, dueOn: '2025-12-20' })

    const kept = await w.ok<{ id: string }>(us, 'POST', '/v1/column-mappings', { name: 'Monthly', mapping })
    t.match(await w.ok(us, 'GET', '/v1/column-mappings'), { data: [{ id: kept.id, name: 'Monthly', mapping }] })
    t.match(await w.ok(us, 'GET', `/v1/column-mappings/${kept.id}`), { id: kept.id })
    t.match(await sent('No,Due,Sum,Name,Mail,Phone\nF-9,20.12.2025,"1,00",Zhao,,', `&mappingId=${kept.id}`, csv), { acceptedCount: 1 })
    t.match(await sent(JSON.stringify({ mapping, rows: [{ No: 'F-10', Due: '20.12.2025', Sum: '7,00', Name: 'Sun' }, { No: 'F-11', Due: '20.12.2025', Sum: 7, Name: 'Sun', Mail: 'sun@example.com', Phone: null }, 7] }), '', { 'content-type': 'application/json' }),
      { acceptedCount: 2, rejectedCount: 1 }, 'flat objects by the names of their columns')
    t.equal((await w.call(bank, 'GET', `/v1/column-mappings/${kept.id}`)).statusCode, 404, 'the agency\'s mapping is its own')
    t.same(await leftovers(), [0, 0])
  })

  t.test('a body that is no batch is one refusal and leaves nothing behind', async t => {
    const mapping = (change: object) => `&mapping=${encodeURIComponent(JSON.stringify({ lenderReference: { column: 'No' }, ...change }))}`
    const many = lines(debts(1_500))
    const cases: [body: string | Buffer, query: string, headers: Record<string, string>, status: number, code: string][] = [
      ['', '', ndjson, 422, 'batch-empty'],
      ['\n\n', '', ndjson, 422, 'batch-empty'],
      ['No\n', mapping({}), csv, 422, 'batch-empty'],
      ['No\n1\n', '', csv, 422, 'mapping-missing'],
      ['Nr\n1\n', mapping({}), csv, 422, 'mapping-refused'],
      ['No\n"1\n', mapping({}), csv, 400, 'csv-malformed'],
      ['No\n1"2\n', mapping({}), csv, 400, 'csv-malformed'],
      [`No\n"${'x'.repeat(70_000)}"\n`, mapping({}), csv, 400, 'csv-malformed'],
      ['No\n1\n', `${mapping({})}&mappingId=${strangeId('columnMapping')}`, csv, 400, 'invalid-request'],
      ['No\n1\n', `&mappingId=${strangeId('columnMapping')}`, csv, 404, 'not-found'],
      ['No\n1\n', '&mapping=%7B', csv, 400, 'malformed-json'],
      ['No\n1\n', '&mapping=%7B%22a%22%3A1%7D', csv, 400, 'invalid-request'],
      ['{"rows":[', '', { 'content-type': 'application/json' }, 400, 'malformed-json'],
      ['{"rows":{}}', '', { 'content-type': 'application/json' }, 400, 'invalid-request'],
      [Buffer.concat([Buffer.from(many), Buffer.from([0x0a, 0xff, 0x0a])]), '', ndjson, 400, 'json-encoding-refused'],
      [Buffer.concat([Buffer.from(many), Buffer.from([0xe4, 0xb8])]), '', ndjson, 400, 'json-encoding-refused'],
      ['1', '', { 'content-type': 'application/xml' }, 415, 'unsupported-media-type'],
      ['1', '', { ...ndjson, 'content-length': String(65 * 1024 * 1024) }, 413, 'body-too-large'],
      ['1', '&dryRun=maybe', ndjson, 400, 'invalid-request'],
      ['1', '&colour=red', ndjson, 400, 'invalid-request'],
      ['1', `&agreementId=${rival.agreementId}`, ndjson, 422, 'agreement-missing'],
      [`${many}\n{}`, '', { ...ndjson, 'idempotency-key': 'not a key' }, 400, 'idempotency-key-invalid'],
    ]
    for (const [body, query, headers, status, code] of cases) {
      const reply = await w.app.inject({ method: 'POST', url: path + query, headers: { authorization: `Bearer ${us.key}`, ...headers }, payload: body })
      t.match(reply.json(), { status, code }, `${String(body).slice(0, 20)} ${query.slice(0, 30)}: ${reply.body.slice(0, 200)}`)
    }
    t.same(await leftovers(), [0, 0])
  })

  t.test('a repeat with the same key and body answers the same and places nothing again; with another body it is refused', async t => {
    const body = lines(debts(1_200))
    const key = { ...ndjson, 'idempotency-key': `batch-${randomBytes(4).toString('hex')}` }
    const first = await send(us, body, '', key)
    t.equal(first.statusCode, 202, first.body)
    const again = await send(us, body, '', key)
    t.equal(again.headers['idempotency-replayed'], 'true')
    t.equal(again.statusCode, 202)
    t.same(again.json(), first.json())
    t.match((await send(us, `${body}\n{}`, '', key)).json(), { status: 422, code: 'idempotency-key-reused' })
    const both = await Promise.all([1, 2].map(async n => await send(us, lines([aDebt()]), '', { ...key, 'idempotency-key': `twin-${n}` })))
    t.same(both.map(({ statusCode }) => statusCode), [201, 201])
    await work()
    t.match(await find(first.json<Batch>().id), { acceptedCount: 1_200, duplicateCount: 0 })
    t.same(await leftovers(), [0, 0])
  })

  t.test('two batches at once with the same references make each account once', async t => {
    const rows = debts(1_500)
    const replies = await Promise.all([send(us, lines(rows)), send(us, lines([...rows].reverse()))])
    const ids = replies.map(reply => reply.json<Batch>().id)
    await Promise.all([work(), work()])
    await work()
    const [a, b] = await Promise.all(ids.map(find))
    t.equal(a!.acceptedCount + b!.acceptedCount, 1_500)
    t.equal(a!.duplicateCount + b!.duplicateCount, 1_500)
    t.same(await numbers(`select count(*) as n from accounts where lender_reference = any('{${rows.map(({ lenderReference }) => lenderReference).join()}}')`), [1_500])
    t.same(await numbers('select count(*) as n from accounts a where not exists (select from placements p where p.account_id = a.id)'), [0], 'each with its placement')
  })

  /** That every row of a batch was placed once, by every count there is. */
  const wasPlacedOnce = async (t: Tap.Test, id: string, rowCount: number): Promise<void> => {
    const batch = id.slice(4)
    t.match(await find(id), { state: 'processed', doneCount: rowCount, acceptedCount: rowCount })
    t.same((await rowsOf(id)).map(({ row }) => row), Array.from({ length: rowCount }, (_, i) => i + 1))
    t.same(await numbers(`select count(*) as n from placements where batch_id = '${batch}' union all select count(distinct account_id) from placements where batch_id = '${batch}'`), [rowCount, rowCount])
    t.same(await numbers(`select sum(p.amount) as n from postings p join journal_entries e on e.id = p.entry_id join placements l on l.id = e.cause_id where l.batch_id = '${batch}'`), [rowCount * 1_000_00])
    t.same(await numbers(`select count(*) as n from events where type = 'placement.activated' and account_id in (select account_id from placements where batch_id = '${batch}')`), [rowCount])
    t.same(await leftovers(), [0, 0])
  }
  t.test('work that fails at a part goes on beside it, and later places it too', async t => {
    const { id } = await sent(lines(debts(3_500)))
    const vault: Vault = { ...w.vault, openBytes: (purpose, sealed) => {
      if (purpose.endsWith(`${id}/1001`)) throw new Error('the vault is closed')
      return w.vault.openBytes(purpose, sealed)
    } }
    await work({ ...w.machine, vault })
    const { state, doneCount } = await find(id)
    t.equal(state, 'processing')
    t.ok(doneCount < 3_500)
    t.same(await numbers(`select count(*) as n from placement_rows where batch_id = '${id.slice(4)}'`), [doneCount], 'what is counted is what is written')
    await numbers('update job_states set retry_at = null, attempts = 0')
    await work()
    await wasPlacedOnce(t, id, 3_500)
  })

  t.test('work whose connection is cut in the middle of a part loses nothing and doubles nothing', async t => {
    const { id } = await sent(lines(debts(3_500)))
    const killer = new pg.Client({ connectionString: w.url })
    await killer.connect()
    let isRunning = true
    const running = work().finally(() => { isRunning = false })
    let cut = 0
    while (isRunning && cut === 0) {
      cut = (await killer.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and query like '%insert into%' and state = 'active'")).rowCount!
    }
    await running
    await killer.query('update job_states set retry_at = null, attempts = 0')
    await killer.end()
    t.ok(cut > 0, 'a connection was cut at work')
    await work()
    await wasPlacedOnce(t, id, 3_500)
  })

  t.test('what a vanished caller left is removed after an hour of real time, however a test clock runs', async t => {
    const sandbox = await w.agency()
    const lender = await w.lender(sandbox)
    const batch = { id: newId('placementBatch'), lenderId: lender.id, agreementId: null, dryRun: false, placedOn: null, mapping: null, header: null, expectedCount: null, expectedAmount: null }
    await w.tx(sandbox, async tx => await addPart(tx, w.vault, batch, 1, [`J${JSON.stringify(aDebt())}`]))
    await w.liveUntil(sandbox, '2026-01-07T09:00:00Z')
    t.match(await w.ok(sandbox, 'GET', `/v1/placement-batches/${batch.id}`), { state: 'receiving' }, 'two days of the clock are a moment')
    const client = new pg.Client({ connectionString: w.url })
    await client.connect()
    await client.query("update placement_batches set received_at = now() - interval '61 minutes' where state = 'receiving'")
    await client.end()
    await w.liveUntil(sandbox, '2026-01-08T09:00:00Z')
    t.equal((await w.call(sandbox, 'GET', `/v1/placement-batches/${batch.id}`)).statusCode, 404)
    t.same(await leftovers(), [0, 0])
  })

  t.test('a lender hands over its own, and sees no other\'s', async t => {
    const own = (await send(bank, lines([aDebt()]), '', ndjson, '/v1/placement-batches')).json<Batch>()
    t.match(own, { lenderId: bank.id, acceptedCount: 1 })
    t.equal((await send(rival, lines([aDebt()]))).statusCode, 404, 'not for another lender')
    t.equal((await send(us, lines([aDebt()]), '', ndjson, '/v1/placement-batches')).statusCode, 404, 'the agency says for whom')
    for (const url of [`/v1/placement-batches/${own.id}`, `/v1/placement-batches/${own.id}/rows`]) {
      t.equal((await w.call(bank, 'GET', url)).statusCode, 200)
      t.equal((await w.call(rival, 'GET', url)).statusCode, 404)
      t.equal((await w.call(them, 'GET', url)).statusCode, 404)
    }
    t.same((await w.ok<{ data: { lenderId: string }[] }>(rival, 'GET', '/v1/placement-batches')).data, [])
    t.match((await w.call(us, 'GET', `/v1/placement-batches/${own.id}/rows?cursor=YWJj`)).json(), { code: 'cursor-invalid' })
    const large = (await send(bank, lines(debts(1_001)), '', ndjson, '/v1/placement-batches')).json<Batch>()
    await work()
    t.match(await w.ok(bank, 'GET', `/v1/placement-batches/${large.id}`), { state: 'processed', acceptedCount: 1_001 })
  })

  t.test('a debt of a batch goes its second way too, and a rejected row of a file frees its reference for no other', async t => {
    const [debt] = debts(1)
    const first = await w.account(us, bank, debt)
    await w.ok(us, 'POST', `/v1/placements/${first.placementId}/recall`)
    const again = await sent(lines([{ ...debt!, balance: { principal: 300_00 } }]))
    t.match(again.rows, [{ outcome: 'accepted', accountId: first.accountId }])
    t.match(await w.ok(us, 'GET', `/v1/accounts/${first.accountId}`), { balance: { total: 300_00 }, closedAt: null })
    const [other] = debts(1)
    t.same((await sent(lines([{ ...other!, timeZone: 'Mars/Olympus' }, other!]))).rows.map(({ outcome }) => outcome), ['rejected', 'duplicate'])
  })

  t.test('personal data of a batch is nowhere readable while it waits', async t => {
    const secret = `Secret ${randomBytes(8).toString('hex')}`
    const rows = debts(1_100).map(debt => ({ ...debt, parties: [{ ...debt.parties[0]!, name: secret }] }))
    await sent(lines(rows))
    t.ok((await numbers('select count(*) as n from placement_parts'))[0]! > 0, 'it waits')
    t.same(await numbers(`select count(*) as n from placement_parts where position(convert_to('${secret}', 'UTF8') in rows) > 0`), [0])
    await work()
    t.same(await numbers(`select count(*) as n from events where data::text like '%${secret}%' union all select count(*) from placement_rows where errors::text like '%${secret}%'`), [0, 0])
  })
  t.same(w.failures, [])
})
