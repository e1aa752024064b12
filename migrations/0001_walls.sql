-- The walls between agencies, made from the catalogue so that no table can be forgotten.
-- Roles: whoever migrates owns the tables; recoup_app does the agencies' work under row security; recoup_relay is the machine's own
-- eye across agencies and sees ids and deadlines only. Processes log in once and take a role for each transaction, locally.
do $$
begin
  if not exists (select from pg_roles where rolname = 'recoup_app') then create role recoup_app nologin noinherit nobypassrls; end if;
  if not exists (select from pg_roles where rolname = 'recoup_relay') then create role recoup_relay nologin noinherit nobypassrls; end if;
  execute format('grant recoup_app, recoup_relay to %I', current_user);
exception when duplicate_object or unique_violation then
  -- Roles belong to the cluster: another database of it made them at the same moment.
  null;
end $$;
--> statement-breakpoint
grant usage on schema public to recoup_app, recoup_relay;
--> statement-breakpoint
revoke create on schema public from public;
--> statement-breakpoint
grant usage on schema recoup to recoup_relay;
--> statement-breakpoint
grant select on recoup.__drizzle_migrations to recoup_relay;
--> statement-breakpoint
-- Raises the walls around every table that has none yet. Run again at the end of each migration that adds a table.
--   A table with a lender_id lets that lender's keys see and write that lender's rows; any other table is the agency's alone,
--   but for the few a lender's own requests must touch. `case`, not `or` and not `is null` alone: of those the planner expects one row in two hundred to pass. An unset tenant means nothing, never everything.
create or replace function recoup.raise_walls() returns void language plpgsql set search_path = public, pg_temp as $body$
declare
  t record;
  tenant constant text := 'tenant_id = (select nullif(current_setting(''app.tenant_id'', true), '''')::uuid)';
  lender constant text := '(select nullif(current_setting(''app.lender_id'', true), '''')::uuid)';
  shared constant text[] := array['tenants', 'event_heads', 'idempotency_keys', 'data_keys', 'reference_rates'];
  -- Of these a row without a lender concerns every lender: its keys read it, and write only their own.
  common constant text[] := array['house_rules', 'policy_exemptions'];
  appended constant text[] := array['events', 'journal_entries', 'postings', 'policy_decisions', 'reveals', 'consents', 'delivery_attempts', 'corrections', 'commission_plans', 'statements', 'statement_lines', 'invoices', 'invoice_settlements', 'remittances', 'reference_rates', 'house_rules', 'template_versions', 'template_activations', 'strategy_versions'];
  lender_column text;
  rule text;
  seen text;
begin
  for t in
    select c.oid, c.relname as name from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
  loop
    if not exists (select from pg_attribute where attrelid = t.oid and attname = 'tenant_id' and not attisdropped) then
      raise exception 'table % has no tenant_id', t.name;
    end if;
    execute format('alter table %I enable row level security', t.name);
    execute format('alter table %I force row level security', t.name);
    lender_column := case
      when t.name = 'lenders' then 'id'
      when exists (select from pg_attribute where attrelid = t.oid and attname = 'lender_id' and not attisdropped) then 'lender_id' end;
    rule := case
      when lender_column is not null then format('%s and case when %s is null then true else %I = %s end', tenant, lender, lender_column, lender)
      when t.name = any (shared) then tenant
      else format('%s and case when %s is null then true else false end', tenant, lender) end;
    execute format('drop policy if exists agency on %I', t.name);
    seen := case when t.name = any (common) then format('%s and case when %s is null then true else lender_id is null or lender_id = %s end', tenant, lender, lender) else rule end;
    execute format('create policy agency on %I to recoup_app using (%s) with check (%s)', t.name, seen, rule);
    execute format('grant select, insert on %I to recoup_app', t.name);
    if not t.name = any (appended) then
      execute format('grant update, delete on %I to recoup_app', t.name);
    end if;
    if exists (select from pg_attribute where attrelid = t.oid and attname = 'due_at' and not attisdropped) then
      execute format('grant select (tenant_id, due_at) on %I to recoup_relay', t.name);
      execute format('drop policy if exists deadlines on %I', t.name);
      execute format('create policy deadlines on %I for select to recoup_relay using (true)', t.name);
    end if;
  end loop;
end $body$;
--> statement-breakpoint
revoke execute on function recoup.raise_walls() from public;
--> statement-breakpoint
select recoup.raise_walls();
--> statement-breakpoint
-- What the machine sees across agencies, column by column.
create policy relay on tenants for select to recoup_relay using (true);
--> statement-breakpoint
grant select on tenants to recoup_relay;
--> statement-breakpoint
create policy relay on event_heads for select to recoup_relay using (true);
--> statement-breakpoint
grant select on event_heads to recoup_relay;
--> statement-breakpoint
create policy relay on events for select to recoup_relay using (true);
--> statement-breakpoint
grant select (tenant_id, sequence, recorded_at) on events to recoup_relay;
--> statement-breakpoint
create policy relay on job_states for select to recoup_relay using (true);
--> statement-breakpoint
grant select on job_states to recoup_relay;
--> statement-breakpoint
create policy relay on dead_letters for select to recoup_relay using (true);
--> statement-breakpoint
grant select on dead_letters to recoup_relay;
--> statement-breakpoint
create policy relay on api_keys for select to recoup_relay using (true);
--> statement-breakpoint
grant select (tenant_id, id, hash, kind, staff_id, lender_id, scopes, expires_at, revoked_at) on api_keys to recoup_relay;
--> statement-breakpoint
create policy relay on gateways for select to recoup_relay using (true);
--> statement-breakpoint
grant select (tenant_id, id) on gateways to recoup_relay;
--> statement-breakpoint
create policy relay on idempotency_keys for delete to recoup_relay using (created_at < now() - interval '24 hours');
--> statement-breakpoint
create policy relay_age on idempotency_keys for select to recoup_relay using (true);
--> statement-breakpoint
grant select (tenant_id, created_at), delete on idempotency_keys to recoup_relay;
--> statement-breakpoint
-- Every item changes its state several times a day, and each change leaves dead entries at the head of the index that a lease begins at: they are
-- cleared when one row in fifty has changed, not one in five. Room in each page keeps the new row beside the old.
alter table work_items set (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
