import { createServer } from 'node:http'
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'

/** A webhook as it arrived. */
export interface Received { id: string, body: string, headers: IncomingHttpHeaders, path: string, event: { id: string, type: string, sequence: number, data: { object: Record<string, unknown> } } & Record<string, unknown> }

/** How a receiver answers: a status, or one with headers and text. */
export type Reply = number | { status: number, headers?: Record<string, string>, text?: string }

/** A lender's server on this machine: keeps what it was sent, and answers as the test says. */
export interface Receiver {
  url: string
  received: Received[]
  /** How it answers from now on. A function chooses for each webhook; one that answers nothing has the response to itself. */
  reply: Reply | ((received: Received, res: ServerResponse) => Reply | undefined)
  /** Ids of the events received, in order of arrival. */
  ids (): string[]
  types (): string[]
  /** Waits until so many webhooks have arrived. */
  until (count: number): Promise<void>
  /** The webhook with this place of arrival, verified with a secret by the public library. Throws when the signature is not good. */
  verified (index: number, secret: string): unknown
  close (): Promise<void>
}

/** Starts a receiver that answers 200 to everything. */
export async function receiver (): Promise<Receiver> {
  const waiting: { count: number, resolve: () => void }[] = []
  const server = createServer((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8')
      const one: Received = { id: String(req.headers['webhook-id']), body, headers: req.headers, path: req.url ?? '', event: JSON.parse(body) as Received['event'] }
      self.received.push(one)
      for (const { count, resolve } of waiting) if (self.received.length >= count) resolve()
      answer(res, one, self.reply)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const self: Receiver = {
    url: `http://127.0.0.1:${port}/in`, received: [], reply: 200,
    ids: () => self.received.map(({ id }) => id),
    types: () => self.received.map(({ event }) => event.type),
    async until (count) {
      if (self.received.length < count) await new Promise<void>(resolve => { waiting.push({ count, resolve }) })
    },
    verified (index, secret) {
      const { body, headers } = self.received[index]!
      return new Webhook(secret).verify(body, headers as Record<string, string>)
    },
    async close () {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
  return self
}

function answer (res: ServerResponse, received: Received, reply: Receiver['reply']): void {
  const chosen = typeof reply === 'function' ? reply(received, res) : reply
  if (chosen === undefined) return
  const { status, headers, text } = typeof chosen === 'number' ? { status: chosen } as Exclude<Reply, number> : chosen
  res.writeHead(status, headers).end(text)
}
