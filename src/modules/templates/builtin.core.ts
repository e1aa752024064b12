import * as de from './builtin/de.core.ts'
import * as en from './builtin/en.core.ts'
import * as zh from './builtin/zh.core.ts'
import type { TemplateChannel } from './core.ts'
import { readTemplate } from './writing.core.ts'
import type { Template } from './writing.core.ts'

/** A text of ours, for when an agency has none. */
export interface Builtin { readonly version: string, readonly template: Template }

/** The texts of ours by code, channel and language. One that cannot be read stops the boot here. */
const builtins: ReadonlyMap<string, Builtin> = new Map(Object.entries({ en, 'zh-CN': zh, de }).flatMap(([language, texts]) => (['email', 'sms', 'letter'] as const).map(channel => {
  const name = `reminder.${channel}.${language}`
  return [name, { version: `builtin:${name}.1`, template: readTemplate(texts[channel], channel, language) }] as const
})))

/** The text of ours; undefined when there is none. */
export const builtinFor = (code: string, channel: TemplateChannel, language: string): Builtin | undefined => builtins.get(`${code}.${channel}.${language}`)

/** Whether there is a text of ours in any language. */
export const isBuiltin = (code: string, channel: TemplateChannel): boolean => [...builtins.keys()].some(name => name.startsWith(`${code}.${channel}.`))
