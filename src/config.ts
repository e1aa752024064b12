import { envSchema } from 'env-schema'
import { Type } from 'typebox'
import type { Static } from 'typebox'

/** Every variable the program reads, with its type, default and meaning. Nothing else reads the environment. */
export const Environment = Type.Object({
  NODE_ENV: Type.String({ enum: ['development', 'test', 'production'], default: 'development', description: '`production` refuses the embedded defaults below.' }),
  HOST: Type.String({ default: '127.0.0.1', description: 'Address the API listens on.' }),
  PORT: Type.Integer({ default: 8080, minimum: 0, maximum: 65535, description: 'Port the API listens on; 0 takes a free one.' }),
  WORKER_PORT: Type.Integer({ default: 0, minimum: 0, maximum: 65535, description: 'Port on which `worker` serves /healthz, /readyz and /metrics; 0: none.' }),
  RECOUP_PUBLIC_URL: Type.String({
    default: '', pattern: '^(https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*/?|http://(127\\.0\\.0\\.1|localhost|\\[::1\\])(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*/?)?$',
    description: 'Where borrowers reach this API from outside, for the links in messages by which they refuse further ones: https, or http on this machine. Only /v1/opt-outs need be reachable there. Empty: http://127.0.0.1:PORT.',
  }),
  LOG_LEVEL: Type.String({ enum: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], default: 'info', description: 'The least serious line that is logged.' }),
  TRUST_PROXY: Type.String({ default: '', description: 'Addresses of proxies whose X-Forwarded-For is believed, separated by commas. Empty: none.' }),

  DATABASE_URL: Type.String({ default: '', pattern: '^(postgres(ql)?://.*)?$', description: 'PostgreSQL 18 or later. Empty: an embedded PostgreSQL 18 in RECOUP_DATA_DIR.' }),
  DATABASE_DIRECT_URL: Type.String({ default: '', pattern: '^(postgres(ql)?://.*)?$', description: 'The same database past the pooler, for LISTEN, migrations and the PostgreSQL job queue. Empty: DATABASE_URL.' }),
  DATABASE_POOL_MAX: Type.Integer({ default: 20, minimum: 2, maximum: 500, description: 'Connections this process opens at most.' }),
  DATABASE_PREPARE: Type.Boolean({ default: true, description: 'Keep prepared statements. Set false behind PgBouncer before 1.21 in transaction mode.' }),
  REDIS_URL: Type.String({ default: '', pattern: '^(rediss?://.*)?$', description: 'Redis or Valkey for jobs and shared rate limits. Empty: both run on PostgreSQL and in memory.' }),

  RECOUP_OPERATOR_KEY: Type.String({ default: '', description: 'The bearer key of the operator, at least 32 characters. Empty: made once and kept in RECOUP_DATA_DIR.' }),
  RECOUP_MASTER_KEY: Type.String({ default: '', description: 'Master keys that wrap the agencies\' data keys: `id:base64` of 32 bytes, the current one first, separated by commas. Empty: made once and kept in RECOUP_DATA_DIR.' }),
  RECOUP_DATA_DIR: Type.String({ default: '.recoup', description: 'Where the embedded database and generated keys are kept.' }),

  RATE_LIMIT_KEY_PER_MINUTE: Type.Integer({ default: 6000, minimum: 1, description: 'Requests one API key may make in a minute.' }),
  RATE_LIMIT_TENANT_PER_MINUTE: Type.Integer({ default: 30000, minimum: 1, description: 'Requests all keys of one agency may make in a minute.' }),
  RATE_LIMIT_ADDRESS_PER_MINUTE: Type.Integer({ default: 600, minimum: 1, description: 'Requests one address may make in a minute where no key is asked for: mail providers click for many of their users. Behind a proxy that TRUST_PROXY does not name, all callers have one address.' }),
  WORKER_CONCURRENCY: Type.Integer({ default: 4, minimum: 1, maximum: 64, description: 'Slices of work one worker process has in hand at once.' }),
  WEBHOOK_ALLOW_PRIVATE: Type.Boolean({ default: false, description: 'Let webhooks go to private addresses and plain http. For development; refused in production.' }),

  SMTP_URL: Type.String({ default: '', pattern: '^(smtps?://.*)?$', description: 'Where e-mail is handed over. Empty: the local mailbox at /v1/operations/mailbox.' }),
  MAIL_FROM: Type.String({ default: 'Recoup <no-reply@recoup.invalid>', pattern: '^[^\\x00-\\x1f]*[^\\s<>@]+@[A-Za-z0-9.-]+>?$', description: 'Sender of e-mail. Its mailbox must be read: replies that say STOP are refusals of contact.' }),
  SMS_GATEWAY_URL: Type.String({ default: '', pattern: '^(https?://.*)?$', description: 'HTTP gateway that takes SMS as JSON. Empty: the local mailbox.' }),
  SMS_GATEWAY_TOKEN: Type.String({ default: '', description: 'Bearer token for the SMS gateway.' }),
  OTEL_EXPORTER_OTLP_ENDPOINT: Type.String({ default: '', pattern: '^(https?://.*)?$', description: 'Where traces are sent, OTLP over HTTP. Empty: none are made.' }),
}, { additionalProperties: false })

type Variables = Static<typeof Environment>

/** The configuration of a process: the environment, checked. */
export interface Config extends Omit<Variables, 'TRUST_PROXY'> { TRUST_PROXY: string[] }

/** Where borrowers reach the API from outside, without a slash at its end. */
export const publicUrlOf = ({ RECOUP_PUBLIC_URL: url, PORT }: Pick<Config, 'RECOUP_PUBLIC_URL' | 'PORT'>): string => url === '' ? `http://127.0.0.1:${PORT}` : url.replace(/\/$/, '')

/** A configuration that cannot work, said in one sentence that names the variable. */
export class ConfigError extends Error {}

/** The shortest operator key that is not refused. */
const operatorKeyMin = 32

/** Reads the environment. A bad value throws `ConfigError` naming the variable; in production so does a missing one. */
export function readConfig (source: Record<string, string | undefined>): Config {
  const known = Object.fromEntries(Object.keys(Environment.properties).map((name): [string, string | undefined] => [name, source[name]]).filter(([, value]) => value !== undefined && value !== ''))
  let variables: Variables
  try {
    variables = envSchema<Variables>({ schema: Environment, data: known, env: false, dotenv: false })
  } catch (error) {
    throw new ConfigError(namesItself(error))
  }
  const config = { ...variables, TRUST_PROXY: variables.TRUST_PROXY.split(',').map(address => address.trim()).filter(address => address !== '') }
  refuseUnfit(config)
  return config
}

/** Turns the validator's complaint (`env/PORT must be integer`) into one that starts with the variable. */
function namesItself (error: unknown): string {
  const errors = (error as { errors?: { instancePath: string, message?: string, params?: Record<string, unknown> }[] }).errors ?? []
  if (errors.length === 0) return String(error)
  return errors.map(({ instancePath, message, params }) =>
    `${instancePath.slice(1) || String(params?.['missingProperty'])} ${message ?? 'is not valid'}${Array.isArray(params?.['allowedValues']) ? `: ${params['allowedValues'].join(', ')}` : ''}`).join('; ')
}

function refuseUnfit (config: Config): void {
  if (config.RECOUP_OPERATOR_KEY !== '' && config.RECOUP_OPERATOR_KEY.length < operatorKeyMin) throw new ConfigError(`RECOUP_OPERATOR_KEY must have at least ${operatorKeyMin} characters`)
  if (config.NODE_ENV !== 'production') return
  const missing = {
    DATABASE_URL: 'the embedded PostgreSQL is for trying Recoup out. Set it to your PostgreSQL, such as postgres://recoup:secret@db.internal:5432/recoup',
    REDIS_URL: 'jobs and rate limits on the embedded defaults do not scale out. Set it to your Redis or Valkey, such as redis://queue.internal:6379',
    RECOUP_OPERATOR_KEY: `set it to at least ${operatorKeyMin} random characters, such as the output of: openssl rand -hex 32`,
    SMTP_URL: 'the local mailbox delivers to nobody. Set it to your mail server, such as smtps://user:secret@mail.internal',
    SMS_GATEWAY_URL: 'the local mailbox delivers to nobody. Set it to your gateway, such as https://sms.internal/send',
    RECOUP_PUBLIC_URL: 'every message says where its recipient can refuse the next one. Set it to where borrowers reach this API, such as https://pay.harbour.example',
    RECOUP_MASTER_KEY: 'set it to a key that is kept outside the database, such as: echo "m1:$(openssl rand -base64 32)"',
  } as const
  for (const [name, advice] of Object.entries(missing)) {
    if (config[name as keyof typeof missing] === '') throw new ConfigError(`${name} must be set under NODE_ENV=production: ${advice}.`)
  }
  if (!config.RECOUP_PUBLIC_URL.startsWith('https:')) throw new ConfigError('RECOUP_PUBLIC_URL must be https under NODE_ENV=production: mail programs offer one click to refuse for no other.')
  if (config.WEBHOOK_ALLOW_PRIVATE) throw new ConfigError('WEBHOOK_ALLOW_PRIVATE must not be set under NODE_ENV=production: webhooks could reach inside your network.')
}

/** `.env.example`, made from the schema. */
export const environmentExample = (): string => Object.entries(Environment.properties).map(([name, schema]) => {
  const { description, default: value, enum: words } = schema as unknown as { description: string, default: unknown, enum?: string[] }
  return `# ${description}${words === undefined ? '' : ` One of: ${words.join(', ')}.`}\n${name}=${String(value)}\n`
}).join('\n')

