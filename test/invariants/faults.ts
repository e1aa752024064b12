import pg from 'pg'

/*
 * Failures between the statements of a transaction, made by the database itself: triggers on every table count the statements that change rows, and
 * raise an error at one of them, or at the commit. Reads change nothing, so a failure before each change, and one at the commit, are all there is.
 */

/** How the database fails: its disk, its connection, its process, or a transaction that was in another's way. */
export const failures = { disk: '58030', connection: '08006', shutdown: '57P01', race: '40001' } as const
export type Failure = keyof typeof failures

export interface Faults {
  /** From now on, the `at`-th statement that changes a row fails, once; later ones succeed. */
  failAt (at: number, how: Failure): Promise<void>
  /** From now on, the next commit of something that wrote an event fails, once. */
  failAtCommit (how: Failure): Promise<void>
  /** From now on, each statement that changes a row fails with this chance, until `heal`. */
  failNowAndThen (chance: number, how: Failure): Promise<void>
  heal (): Promise<void>
  /** Whether the failure that was asked for with `failAt` has happened. */
  hasStruck (): Promise<boolean>
  /** Lets work that failed be tried again at once. */
  forgetRetries (): Promise<void>
  query (text: string): Promise<Record<string, unknown>[]>
  close (): Promise<void>
}

const setUp = `
  create schema fault;
  create table fault.plan (at bigint not null, chance float not null, at_commit bool not null, code text not null);
  insert into fault.plan values (0, 0, false, '58030');
  -- Sequences are not rolled back: what has happened stays counted.
  create sequence fault.counted;
  create sequence fault.committed;
  create function fault.strike () returns trigger language plpgsql security definer set search_path = pg_catalog as $$
  declare plan record;
  begin
    select * into plan from fault.plan;
    if tg_op <> 'INSERT' or tg_level = 'STATEMENT' then
      if (plan.at > 0 and nextval('fault.counted') = plan.at) or (plan.chance > 0 and random() < plan.chance) then
        raise exception 'injected' using errcode = plan.code;
      end if;
    elsif plan.at_commit and nextval('fault.committed') = 1 then
      raise exception 'injected at the commit' using errcode = plan.code;
    end if;
    return null;
  end $$;
  do $$
  declare of record;
  begin
    for of in select c.oid::regclass as name from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname not in ('job_states', 'dead_letters') loop
      execute format('create trigger fault before insert or update or delete on %s for each statement execute function fault.strike()', of.name);
    end loop;
    create constraint trigger fault_at_commit after insert on events deferrable initially deferred for each row execute function fault.strike();
  end $$;`

/** Makes a database ready to fail, and answers the switch. */
export async function openFaults (url: string): Promise<Faults> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(setUp)
  const plan = async (at: number, chance: number, atCommit: boolean, how: Failure): Promise<void> => {
    await client.query("select setval('fault.counted', 1, false), setval('fault.committed', 1, false)")
    await client.query('update fault.plan set at = $1, chance = $2, at_commit = $3, code = $4', [at, chance, atCommit, failures[how]])
  }
  return {
    failAt: async (at, how) => { await plan(at, 0, false, how) },
    failAtCommit: async how => { await plan(0, 0, true, how) },
    failNowAndThen: async (chance, how) => { await plan(0, chance, false, how) },
    heal: async () => { await plan(0, 0, false, 'disk') },
    hasStruck: async () => (await client.query('select from fault.plan, fault.counted where plan.at > 0 and counted.is_called and counted.last_value >= plan.at')).rowCount === 1,
    forgetRetries: async () => { await client.query('update job_states set retry_at = null, attempts = 0') },
    query: async text => (await client.query<Record<string, unknown>>(text)).rows,
    close: async () => { await client.end() },
  }
}
