import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { cloneDatabase } from '../world.ts'

const fileOf = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/** The commands of a section of the README, as a reader would copy them. */
function commandsOf (section: string): string {
  const [, text = ''] = readFileSync(fileOf('../README.md'), 'utf8').split(`\n## ${section}\n`)
  const [, commands] = /```sh\n([\s\S]*?)```/.exec(text.split('\n## ')[0]!) ?? []
  if (commands === undefined) throw new Error(`the README has no commands under "${section}"`)
  return commands
}

const needs = ['bash', 'curl'].filter(program => spawnSync(program, ['--version']).status !== 0)

/** Waits until a served process says where it listens. */
async function addressOf (served: ChildProcess): Promise<string> {
  let output = ''
  served.stderr!.setEncoding('utf8').on('data', (chunk: string) => { output += chunk })
  while (served.exitCode === null) {
    const [, address] = /Recoup is at (\S+),/.exec(output) ?? []
    if (address !== undefined) return address
    await sleep(20)
  }
  throw new Error(`ended with ${served.exitCode}: ${output}`)
}

t.test('the README\'s first account: every command does what a newcomer is told it does', { skip: needs.length > 0 && `this machine has no ${needs.join(' and no ')}` }, async t => {
  const commands = commandsOf('A first account')
  t.match(commands, 'http://127.0.0.1:8080', 'the address of npm start')
  const folder = mkdtempSync(join(tmpdir(), 'recoup-readme-'))
  const { url, drop } = await cloneDatabase()
  const served = spawn(process.execPath, [fileOf('src/main.js'), 'serve'], {
    cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], env: { PATH: process.env['PATH'], DATABASE_URL: url, PORT: '0', LOG_LEVEL: 'error' },
  })
  const ended = once(served, 'exit')
  t.teardown(async () => {
    served.kill('SIGTERM')
    await ended
    await drop()
    rmSync(folder, { recursive: true, force: true })
  })
  const address = await addressOf(served)

  // From the folder of the checkout, which is where .recoup is; the first command that fails ends it.
  const shell = spawnSync('bash', ['--norc', '-euo', 'pipefail', '-c', `${commands.replace('http://127.0.0.1:8080', address)}\nprintf '\\n%s' "$key"`],
    { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'] }, timeout: 60_000 })
  t.equal(shell.stderr, '')
  t.equal(shell.status, 0)
  // What the commands print, one answer after the other: the agreement, and last the placement.
  const [answers = '', key] = shell.stdout.split('\n')
  // The boundary of a JSON answer.
  const placement = JSON.parse(answers.slice(answers.lastIndexOf('}{') + 1)) as { accountId: string }
  t.match(placement, { id: /^plc_/, accountId: /^acc_/, lenderReference: 'L-0001', state: 'active' })

  const read = await fetch(`${address}/v1/accounts/${placement.accountId}`, { headers: { authorization: `Bearer ${key}` } })
  t.equal(read.status, 200)
  t.match(await read.json(), { id: placement.accountId, lenderReference: 'L-0001', currency: 'USD', balance: { principal: 1_250_00, total: 1_250_00 } })
})
