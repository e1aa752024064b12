import { createHash } from 'node:crypto'
import pg from 'pg'
import { serialize } from 'pg-protocol'
import type { Connection, PoolClient, Submittable } from 'pg'
import { prepareValue } from 'pg/lib/utils.js'

/** One statement of a batch. `silent` ones return no rows. */
export interface Statement { text: string, values: readonly unknown[], silent?: boolean }

/** What a statement answered: rows as arrays, parsed by type, and the command's tag. */
export interface Answer { rows: unknown[][], fields: { name: string }[], rowCount: number }

interface Field { name: string, dataTypeID: number }
type Parser = (text: string) => unknown
interface Shape { fields: Field[], parsers: Parser[] }

/** The most prepared statements one connection keeps; later ones are parsed each time. */
const preparedMax = 1000
/** Longer texts (bulk inserts of odd sizes) are not worth keeping prepared. */
const preparedTextMax = 6000

/** What a connection has prepared so far, and which Parse messages are still on their way. */
interface Prepared { shapes: Map<string, Shape | undefined>, pending: string[] }

const prepared = new WeakMap<Connection, Prepared>()

const names = new Map<string, string>()

/** How a statement begins that is not kept prepared. */
export const plannedAnewMark = '/* planned anew */'

/** A statement's name is a hash of its text: the same text is prepared once per connection, whoever wrote it. */
function nameOf (text: string): string | undefined {
  const known = names.get(text)
  if (known !== undefined) return known
  if (text.length > preparedTextMax || names.size >= preparedMax || text.startsWith(plannedAnewMark)) return undefined
  const name = `s${createHash('sha256').update(text).digest('base64url').slice(0, 20)}`
  names.set(text, name)
  return name
}

/** Days, instants and JSON stay text: the wire wants text, and building objects is the dearest part of a list. */
const asText: Parser = text => text
const textTypes = new Set<number>([pg.types.builtins.DATE, pg.types.builtins.TIMESTAMPTZ, pg.types.builtins.TIMESTAMP, pg.types.builtins.INTERVAL])
const parserOf = (type: number): Parser => textTypes.has(type) ? asText : pg.types.getTypeParser(type) as Parser

const toWire = (value: unknown): unknown => value instanceof Date ? value.toISOString() : prepareValue(value)

/**
 * Several Bind/Execute pairs before one Sync: one round trip, and one implicit transaction unless the batch opens its own.
 * When a statement fails, the server skips the rest of the batch.
 */
class Batch implements Submittable {
  private readonly answers: Answer[] = []
  private shape: Shape | undefined
  private current: Answer
  private error: Error | undefined
  private state: Prepared | undefined
  private readonly statements: readonly Statement[]
  private readonly prepare: boolean
  private readonly settle: (error: Error | undefined, answers: Answer[]) => void

  constructor (statements: readonly Statement[], prepare: boolean, settle: (error: Error | undefined, answers: Answer[]) => void) {
    this.statements = statements
    this.prepare = prepare
    this.settle = settle
    this.current = emptyAnswer()
  }

  submit (connection: Connection): void {
    this.state = preparedOn(connection)
    const messages: Buffer[] = []
    for (const statement of this.statements) this.write(messages, statement)
    messages.push(serialize.sync())
    writeAll(connection.stream, messages)
    this.begin(0)
  }

  private write (messages: Buffer[], { text, values, silent }: Statement): void {
    const { shapes, pending } = this.state!
    const name = (this.prepare ? nameOf(text) : undefined) ?? ''
    if (name === '' || (!shapes.has(name) && !pending.includes(name))) {
      messages.push(serialize.parse({ name, text, types: [] }))
      pending.push(name)
    }
    messages.push(serialize.bind({ statement: name, values: [...values], valueMapper: toWire }))
    if (silent !== true && shapes.get(name) === undefined) messages.push(serialize.describe({ type: 'P' }))
    messages.push(serialize.execute())
  }

  private begin (index: number): void {
    this.current = emptyAnswer()
    const statement = this.statements[index]
    const name = statement !== undefined && this.prepare ? names.get(statement.text) : undefined
    this.shape = name === undefined ? undefined : this.state!.shapes.get(name)
    if (this.shape !== undefined) this.current.fields = this.shape.fields
  }

  handleRowDescription (message: { fields: Field[] }): void {
    this.shape = { fields: message.fields, parsers: message.fields.map(field => parserOf(field.dataTypeID)) }
    this.current.fields = message.fields
    const name = this.prepare ? names.get(this.statements[this.answers.length]!.text) : undefined
    if (name !== undefined && this.state!.shapes.has(name)) this.state!.shapes.set(name, this.shape)
  }

  handleDataRow (message: { fields: (string | null)[] }): void {
    // A silent statement was not described: its rows say nothing.
    if (this.statements[this.answers.length]!.silent === true) return
    const { parsers } = this.shape!
    const row = message.fields as unknown[]
    for (let i = 0; i < row.length; i++) {
      const text = row[i]
      if (text !== null) row[i] = parsers[i]!(text as string)
    }
    this.current.rows.push(row)
  }

  handleCommandComplete (message: { text: string }): void {
    const affected = /(\d+)$/.exec(message.text)
    this.current.rowCount = affected === null ? 0 : Number(affected[1])
    this.rememberRowless()
    this.answers.push(this.current)
    this.begin(this.answers.length)
  }

  /** A statement that described no rows need not be described again. */
  private rememberRowless (): void {
    if (this.shape !== undefined || !this.prepare) return
    const name = names.get(this.statements[this.answers.length]!.text)
    if (name !== undefined && this.state!.shapes.has(name)) this.state!.shapes.set(name, { fields: [], parsers: [] })
  }

  handleEmptyQuery (): void { this.handleCommandComplete({ text: '' }) }
  handlePortalSuspended (): void { this.error = new Error('a batch never limits its rows') }
  handleCopyInResponse (connection: Connection): void { (connection as Connection & { sendCopyFail (reason: string): void }).sendCopyFail('no copy in a batch') }

  /** Called for a server's error, before its ReadyForQuery, and when the connection dies. */
  handleError (error: Error): void {
    // A connection that dies before its turn was never asked what it had prepared.
    if (this.state !== undefined) this.state.pending.length = 0
    this.settle(error, [])
  }

  handleReadyForQuery (): void { this.settle(this.error, this.answers) }
}

/** Up to so many bytes are copied into one buffer and written once: a vector of small ones costs the kernel as much as the query. Copying more costs more. */
const copiedBytesMax = 64 * 1024

function writeAll (stream: Connection['stream'], messages: readonly Buffer[]): void {
  const bytes = messages.reduce((sum, { length }) => sum + length, 0)
  if (bytes <= copiedBytesMax) {
    stream.write(Buffer.concat(messages, bytes))
    return
  }
  stream.cork()
  for (const message of messages) stream.write(message)
  stream.uncork()
}

const emptyAnswer = (): Answer => ({ rows: [], fields: [], rowCount: 0 })

/** Learns which statements a connection has prepared from its own ParseComplete messages: a Parse that failed or was skipped counts for nothing. */
function preparedOn (connection: Connection): Prepared {
  const known = prepared.get(connection)
  if (known !== undefined) return known
  const state: Prepared = { shapes: new Map(), pending: [] }
  prepared.set(connection, state)
  connection.on('parseComplete', () => {
    const name = state.pending.shift()
    if (name !== undefined && name !== '') state.shapes.set(name, undefined)
  })
  return state
}

/** Sends a batch on a connection and waits for all its answers. */
export const send = (client: PoolClient, statements: readonly Statement[], prepare: boolean): Promise<Answer[]> =>
  new Promise((resolve, reject) => {
    client.query(new Batch(statements, prepare, (error, answers) => error === undefined ? resolve(answers) : reject(error)))
  })
