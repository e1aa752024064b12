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

/** Links that can stand in a header as they are. One click is offered by https alone. */
const linkByHttps = /^https:\/\/[\x21-\x3b\x3d\x3f-\x7e]{1,500}$/
const linkOnThisMachine = /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?\/[\x21-\x3b\x3d\x3f-\x7e]{1,500}$/

/** A connection to the mail server that hands over e-mails and can be closed. */
export interface SmtpSender extends Sender { close (): void }

/**
 * Hands e-mails to an SMTP server. The Message-ID follows from the letter's key, so that a server that knows it drops a repeat.
 * List-Unsubscribe names the letter's link and answers to the sender (RFC 2369). List-Unsubscribe-Post stands beside a link by https only: RFC 8058 (3.1)
 * asks for exactly that, so a link to this machine, while developing, is one to open and not to be clicked by a mail program. The server has to sign both
 * headers (DKIM), or no provider shows the click. An address, subject or link that could smuggle in a header is never sent.
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
      const { key, to, subject = '', text, unsubscribeUrl } = letter
      if (!address.test(to)) throw new NotTaken('not an e-mail address', true)
      if (control.test(subject)) throw new NotTaken('a subject with control characters', true)
      const isOneClick = unsubscribeUrl !== undefined && linkByHttps.test(unsubscribeUrl)
      if (unsubscribeUrl !== undefined && !isOneClick && !linkOnThisMachine.test(unsubscribeUrl)) throw new NotTaken('not a link', true)
      const messageId = `<${key}@${domain}>`
      try {
        const { response } = await transport.sendMail({
          from, to: { name: '', address: to }, envelope: { from: sender, to: [to] }, subject, text, messageId,
          // A list in a list is one header of both.
          list: { unsubscribe: [[...unsubscribeUrl === undefined ? [] : [unsubscribeUrl], `mailto:${sender}?subject=STOP%20${key}`]] },
          ...isOneClick && { headers: { 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' } }, signal: AbortSignal.timeout(sendTimeoutMs),
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
