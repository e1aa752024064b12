import { createTransport } from 'nodemailer'
import { NotTaken, checkPermit } from '../outside.ts'
import type { Sender } from '../outside.ts'

/** How long one e-mail may take in all, from the connection to the server's last word. */
const sendTimeoutMsDefault = 15_000
const connectionsMax = 16

/** One plain address and nothing else: no name, no list, no comment, nothing that could begin a header. */
const address = /^[^\s\p{Cc},;:<>()[\]\\"@]{1,64}@[^\s\p{Cc},;:<>()[\]\\"@]{1,190}$/u
const control = /\p{Cc}/u
const fromAddress = /<?([^\s<>@]+@([A-Za-z0-9.-]+))>?$/

/** A connection to the mail server that hands over e-mails and can be closed. */
export interface SmtpSender extends Sender { close (): void }

/**
 * Hands e-mails to an SMTP server. The Message-ID follows from the letter's key, so that a server that knows it drops a repeat;
 * List-Unsubscribe answers to the sender (RFC 2369). An address or subject that could smuggle in a header is never sent.
 */
export function smtpSender ({ url, from, sendTimeoutMs = sendTimeoutMsDefault }: { url: string, from: string, sendTimeoutMs?: number }): SmtpSender {
  const [, sender, domain] = fromAddress.exec(from) ?? []
  if (sender === undefined || domain === undefined || control.test(from)) throw new Error('MAIL_FROM is not a sender')
  const transport = createTransport({
    pool: true, url, maxConnections: connectionsMax, maxRequeues: 0, disableFileAccess: true, disableUrlAccess: true,
    connectionTimeout: sendTimeoutMs, greetingTimeout: sendTimeoutMs, socketTimeout: sendTimeoutMs, dnsTimeout: sendTimeoutMs, socketCloseTimeout: 1_000,
  })
  return {
    async send (letter) {
      checkPermit(letter)
      const { key, to, subject = '', text } = letter
      if (!address.test(to)) throw new NotTaken('not an e-mail address', true)
      if (control.test(subject)) throw new NotTaken('a subject with control characters', true)
      const messageId = `<${key}@${domain}>`
      try {
        const { response } = await transport.sendMail({
          from, to: { name: '', address: to }, envelope: { from: sender, to: [to] }, subject, text, messageId,
          list: { unsubscribe: `mailto:${sender}?subject=STOP%20${key}` }, signal: AbortSignal.timeout(sendTimeoutMs),
        })
        return { providerId: providerIdOf(response) }
      } catch (error) {
        throw notTaken(error)
      }
    },
    close () { transport.close() },
  }
}

/** Servers answer `250 2.0.0 Ok: queued as 4F1A2`: what they say after the codes is their id for the e-mail. */
const providerIdOf = (response: string): string => response.replace(/^250[ -](\d\.\d\.\d )?/, '').replace(/\p{Cc}/gu, ' ').slice(0, 200)

/** The server's refusal without its text, which may repeat the address. A 5yz of the recipient or the e-mail itself is final (RFC 5321, 4.2.1). */
function notTaken (error: unknown): NotTaken {
  const { code, responseCode } = error as { code?: string, responseCode?: number }
  const isFinal = responseCode !== undefined && responseCode >= 500 && (code === 'EENVELOPE' || code === 'EMESSAGE')
  return new NotTaken(`SMTP ${responseCode ?? code ?? 'failed'}`, isFinal)
}
