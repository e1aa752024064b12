import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'

/** An event as the webhook carried it. */
export interface Received { id: string, type: string, sequence: number, data: { object: Record<string, unknown> } }

/** A lender's endpoint: it believes nothing that is not signed, and knows an event it has seen. */
export interface Receiver {
  url: string
  /** The secret arrives after the address is registered. */
  trust (secret: string): void
  events: Map<string, Received>
  repeats (): number
  forged (): number
  close (): Promise<void>
}

/** Listens on a free port of this machine and verifies each webhook with the Standard Webhooks library. */
export async function openReceiver (): Promise<Receiver> {
  const events = new Map<string, Received>()
  let verifier: Webhook | undefined
  let repeats = 0
  let forged = 0
  const server = createServer((req, res) => {
    let body = ''
    req.setEncoding('utf8').on('data', (chunk: string) => { body += chunk }).on('end', () => {
      try {
        const event = verifier!.verify(body, req.headers as Record<string, string>) as Received
        if (events.has(event.id)) repeats++
        events.set(event.id, event)
        res.writeHead(204).end()
      } catch {
        forged++
        res.writeHead(400).end()
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/recoup`,
    trust: secret => { verifier = new Webhook(secret) },
    events, repeats: () => repeats, forged: () => forged,
    async close () {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
