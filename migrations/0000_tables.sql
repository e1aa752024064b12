CREATE TABLE "api_keys" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"hash" "bytea" NOT NULL,
	"hint" text NOT NULL,
	"kind" text NOT NULL,
	"name" text NOT NULL,
	"staff_id" uuid,
	"lender_id" uuid,
	"scopes" text[] NOT NULL,
	"expires_at" timestamptz,
	"revoked_at" timestamptz,
	"last_used_at" timestamptz,
	"rotated_from" uuid,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "api_keys_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "staff" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"name" "bytea" NOT NULL,
	"email" "bytea" NOT NULL,
	"email_index" "bytea" NOT NULL,
	"role" text NOT NULL,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "staff_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "test_clocks" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"target_at" timestamptz,
	"due_at" timestamptz,
	"advances" integer DEFAULT 0 NOT NULL,
	"created_at" timestamptz DEFAULT now() NOT NULL,
	CONSTRAINT "test_clocks_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "data_keys" (
	"tenant_id" uuid NOT NULL,
	"purpose" text NOT NULL,
	"version" smallint NOT NULL,
	"master_key_id" text NOT NULL,
	"wrapped" "bytea" NOT NULL,
	"created_at" timestamptz DEFAULT now() NOT NULL,
	CONSTRAINT "data_keys_tenant_id_purpose_version_pk" PRIMARY KEY("tenant_id","purpose","version")
);
--> statement-breakpoint
CREATE TABLE "dead_letters" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"job" text NOT NULL,
	"sequence" bigint,
	"error" text NOT NULL,
	"attempts" integer NOT NULL,
	"failed_at" timestamptz DEFAULT now() NOT NULL,
	"retried_at" timestamptz,
	CONSTRAINT "dead_letters_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "event_heads" (
	"tenant_id" uuid NOT NULL,
	"stream" uuid NOT NULL,
	"sequence" bigint NOT NULL,
	CONSTRAINT "event_heads_tenant_id_stream_pk" PRIMARY KEY("tenant_id","stream")
);
--> statement-breakpoint
CREATE TABLE "events" (
	"tenant_id" uuid NOT NULL,
	"sequence" bigint NOT NULL,
	"id" uuid NOT NULL,
	"type" text NOT NULL,
	"version" smallint NOT NULL,
	"account_id" uuid,
	"lender_id" uuid,
	"lender_sequence" bigint,
	"data" jsonb NOT NULL,
	"actor_kind" text NOT NULL,
	"actor_id" text,
	"correlation_id" text NOT NULL,
	"livemode" boolean NOT NULL,
	"occurred_at" timestamptz NOT NULL,
	"recorded_at" timestamptz DEFAULT now() NOT NULL,
	CONSTRAINT "events_tenant_id_sequence_pk" PRIMARY KEY("tenant_id","sequence")
);
--> statement-breakpoint
CREATE TABLE "idempotency_keys" (
	"tenant_id" uuid NOT NULL,
	"key_hash" "bytea" NOT NULL,
	"request_hash" "bytea" NOT NULL,
	"status" smallint NOT NULL,
	"answer" "bytea" NOT NULL,
	"created_at" timestamptz DEFAULT now() NOT NULL,
	CONSTRAINT "idempotency_keys_pkey" PRIMARY KEY("tenant_id","key_hash")
);
--> statement-breakpoint
CREATE TABLE "job_states" (
	"tenant_id" uuid NOT NULL,
	"job" text NOT NULL,
	"sequence" bigint NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"retry_at" timestamptz,
	"error" text,
	CONSTRAINT "job_states_tenant_id_job_pk" PRIMARY KEY("tenant_id","job")
);
--> statement-breakpoint
CREATE TABLE "tenants" (
	"tenant_id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"livemode" boolean NOT NULL,
	"clock_at" timestamptz,
	"jurisdiction" text NOT NULL,
	"time_zone" text NOT NULL,
	"created_at" timestamptz DEFAULT now() NOT NULL,
	CONSTRAINT "only a sandbox has a test clock" CHECK (not "tenants"."livemode" or "tenants"."clock_at" is null)
);
--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_tenant_id_staff_id_staff_tenant_id_id_fk" FOREIGN KEY ("tenant_id","staff_id") REFERENCES "public"."staff"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "api_keys_hash_index" ON "api_keys" USING btree ("hash");--> statement-breakpoint
CREATE UNIQUE INDEX "staff_tenant_id_email_index_index" ON "staff" USING btree ("tenant_id","email_index");--> statement-breakpoint
CREATE UNIQUE INDEX "test_clocks_tenant_id_index" ON "test_clocks" USING btree ("tenant_id");--> statement-breakpoint
CREATE INDEX "test_clocks_tenant_id_due_at_index" ON "test_clocks" USING btree ("tenant_id","due_at");--> statement-breakpoint
CREATE INDEX "events_tenant_id_account_id_sequence_index" ON "events" USING btree ("tenant_id","account_id","sequence");--> statement-breakpoint
CREATE INDEX "events_tenant_id_lender_id_lender_sequence_index" ON "events" USING btree ("tenant_id","lender_id","lender_sequence");--> statement-breakpoint
CREATE INDEX "idempotency_keys_created_at_index" ON "idempotency_keys" USING btree ("created_at");