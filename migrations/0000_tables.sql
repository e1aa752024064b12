CREATE TABLE "account_parties" (
	"tenant_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"party_id" uuid NOT NULL,
	"lender_id" uuid NOT NULL,
	"role" text NOT NULL,
	CONSTRAINT "account_parties_tenant_id_account_id_party_id_pk" PRIMARY KEY("tenant_id","account_id","party_id")
);
--> statement-breakpoint
CREATE TABLE "accounts" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"lender_id" uuid NOT NULL,
	"agreement_id" uuid NOT NULL,
	"lender_reference" text NOT NULL,
	"product" text NOT NULL,
	"currency" char(3) NOT NULL,
	"jurisdiction" char(2) NOT NULL,
	"region" text,
	"time_zone" text NOT NULL,
	"contract_on" date,
	"due_on" date NOT NULL,
	"judged_on" date,
	"stage" text NOT NULL,
	"principal" bigint NOT NULL,
	"interest" bigint NOT NULL,
	"penalty" bigint NOT NULL,
	"costs" bigint NOT NULL,
	"placed_on" date NOT NULL,
	"closed_at" timestamptz,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "accounts_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "no bucket is negative" CHECK ("accounts"."principal" >= 0 and "accounts"."interest" >= 0 and "accounts"."penalty" >= 0 and "accounts"."costs" >= 0)
);
--> statement-breakpoint
CREATE TABLE "adjustments" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"lender_id" uuid NOT NULL,
	"placement_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"reason" text NOT NULL,
	"authorized_by" text,
	"reference" text,
	"note" "bytea",
	"charge_id" uuid,
	"asked" jsonb NOT NULL,
	"effective_on" date NOT NULL,
	"currency" char(3) NOT NULL,
	"principal" bigint NOT NULL,
	"interest" bigint NOT NULL,
	"penalty" bigint NOT NULL,
	"costs" bigint NOT NULL,
	"entry_id" uuid NOT NULL,
	"created_at" timestamptz NOT NULL,
	"reversed_on" date,
	"reversed_at" timestamptz,
	"reversal_entry_id" uuid,
	CONSTRAINT "adjustments_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "bank_accounts" (
	"tenant_id" uuid NOT NULL,
	"account" text NOT NULL,
	"currency" char(3) NOT NULL,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "bank_accounts_tenant_id_account_pk" PRIMARY KEY("tenant_id","account")
);
--> statement-breakpoint
CREATE TABLE "bank_lines" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"account" text NOT NULL,
	"bank_statement_id" uuid NOT NULL,
	"row" integer NOT NULL,
	"key" "bytea" NOT NULL,
	"booked_on" date NOT NULL,
	"value_on" date,
	"amount" bigint NOT NULL,
	"currency" char(3) NOT NULL,
	"reference" text,
	"bank_reference" text,
	"text" "bytea",
	"return_reason" text,
	"matched_at" timestamptz,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "bank_lines_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "money moves" CHECK ("bank_lines"."amount" <> 0)
);
--> statement-breakpoint
CREATE TABLE "bank_matches" (
	"tenant_id" uuid NOT NULL,
	"entry_id" uuid NOT NULL,
	"bank_line_id" uuid NOT NULL,
	"amount" bigint NOT NULL,
	"rule" text NOT NULL,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "bank_matches_tenant_id_entry_id_pk" PRIMARY KEY("tenant_id","entry_id")
);
--> statement-breakpoint
CREATE TABLE "bank_statements" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"account" text NOT NULL,
	"currency" char(3) NOT NULL,
	"format" text NOT NULL,
	"reference" text,
	"from_on" date NOT NULL,
	"to_on" date NOT NULL,
	"opening_balance" bigint,
	"closing_balance" bigint,
	"line_count" integer NOT NULL,
	"new_count" integer NOT NULL,
	"hash" "bytea" NOT NULL,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "bank_statements_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "a period has a day" CHECK ("bank_statements"."from_on" <= "bank_statements"."to_on")
);
--> statement-breakpoint
CREATE TABLE "gateway_events" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"gateway_id" uuid NOT NULL,
	"event_id" text NOT NULL,
	"type" text NOT NULL,
	"outcome" text NOT NULL,
	"received_at" timestamptz NOT NULL,
	CONSTRAINT "gateway_events_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "charge_schedules" (
	"tenant_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"lender_id" uuid NOT NULL,
	"placement_id" uuid NOT NULL,
	"agreement_id" uuid NOT NULL,
	"charged_through_on" date NOT NULL,
	"exact_interest" text NOT NULL,
	"posted_interest" bigint NOT NULL,
	"capitalized" bigint NOT NULL,
	"stretch" jsonb,
	"fees" jsonb NOT NULL,
	"limits" jsonb NOT NULL,
	"due_at" timestamptz,
	CONSTRAINT "charge_schedules_tenant_id_account_id_pk" PRIMARY KEY("tenant_id","account_id")
);
--> statement-breakpoint
CREATE TABLE "charges" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"lender_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"from_on" date NOT NULL,
	"to_on" date NOT NULL,
	"base" bigint NOT NULL,
	"rate" text,
	"rate_unit" text,
	"day_count" text,
	"days" integer,
	"exact" text NOT NULL,
	"amount" bigint NOT NULL,
	"currency" char(3) NOT NULL,
	"caused_by" text NOT NULL,
	"entry_id" uuid,
	"waived_at" timestamptz,
	"waiver_reason" text,
	"waiver_entry_id" uuid,
	"policy_decision_id" uuid,
	"superseded_by" uuid,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "charges_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "commission_entries" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"lender_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"payment_id" uuid,
	"placement_id" uuid,
	"agreement_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"number" smallint NOT NULL,
	"correction_id" uuid,
	"effective_on" date NOT NULL,
	"currency" char(3) NOT NULL,
	"principal" bigint NOT NULL,
	"interest" bigint NOT NULL,
	"penalty" bigint NOT NULL,
	"costs" bigint NOT NULL,
	"plan_id" uuid,
	"row" smallint NOT NULL,
	"situation" jsonb NOT NULL,
	"past_recovered" bigint NOT NULL,
	"past_collected" bigint NOT NULL,
	"past_exact" text NOT NULL,
	"past_commission" bigint NOT NULL,
	"costs_recovered" bigint NOT NULL,
	"recovery_entry_id" uuid,
	"base" bigint NOT NULL,
	"rate" text,
	"exact" text NOT NULL,
	"commission" bigint NOT NULL,
	"vat_rate" text NOT NULL,
	"vat" bigint NOT NULL,
	"recover_from" text NOT NULL,
	"withheld" bigint NOT NULL,
	"entry_id" uuid,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "commission_entries_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "something earns" CHECK (("commission_entries"."payment_id" is null) = ("commission_entries"."kind" = 'recallFee') and ("commission_entries"."placement_id" is null) = ("commission_entries"."kind" <> 'recallFee'))
);
--> statement-breakpoint
CREATE TABLE "commission_plans" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"lender_id" uuid NOT NULL,
	"currency" char(3) NOT NULL,
	"version" smallint NOT NULL,
	"valid_from" date NOT NULL,
	"terms" jsonb NOT NULL,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "commission_plans_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "complaints" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"lender_id" uuid,
	"account_id" uuid,
	"party_id" uuid,
	"staff_id" uuid,
	"hold_id" uuid,
	"received_on" date NOT NULL,
	"channel" text NOT NULL,
	"category" text NOT NULL,
	"severity" text NOT NULL,
	"text" "bytea",
	"state" text NOT NULL,
	"answer_by" date NOT NULL,
	"due_at" timestamptz,
	"overdue_at" timestamptz,
	"outcome" text,
	"root_cause" text,
	"collector_share" smallint,
	"redress_amount" bigint,
	"redress_currency" char(3),
	"opened_at" timestamptz NOT NULL,
	"acknowledged_at" timestamptz,
	"resolved_at" timestamptz,
	CONSTRAINT "complaints_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "a share is a percentage" CHECK ("complaints"."collector_share" between 0 and 100)
);
--> statement-breakpoint
CREATE TABLE "hardship_assessments" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"party_id" uuid NOT NULL,
	"hold_id" uuid,
	"consent_id" uuid,
	"consent_source" text NOT NULL,
	"consented_at" timestamptz NOT NULL,
	"currency" char(3) NOT NULL,
	"figures" "bytea",
	"band" text,
	"valid_until" date NOT NULL,
	"due_at" timestamptz,
	"assessed_at" timestamptz NOT NULL,
	"destroyed_at" timestamptz,
	CONSTRAINT "hardship_assessments_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "contact_alerts" (
	"tenant_id" uuid NOT NULL,
	"person_key" text NOT NULL,
	"name" text NOT NULL,
	"window_to" date NOT NULL,
	"at" timestamptz NOT NULL,
	CONSTRAINT "contact_alerts_tenant_id_person_key_name_window_to_pk" PRIMARY KEY("tenant_id","person_key","name","window_to")
);
--> statement-breakpoint
CREATE TABLE "contact_attempt_debts" (
	"tenant_id" uuid NOT NULL,
	"contact_attempt_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	CONSTRAINT "contact_attempt_debts_tenant_id_contact_attempt_id_account_id_pk" PRIMARY KEY("tenant_id","contact_attempt_id","account_id")
);
--> statement-breakpoint
CREATE TABLE "contact_attempts" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"lender_id" uuid NOT NULL,
	"party_id" uuid NOT NULL,
	"contact_point_id" uuid,
	"message_id" uuid,
	"permitted_until" timestamptz,
	"due_at" timestamptz,
	"person_key" text NOT NULL,
	"value_index" "bytea",
	"channel" text NOT NULL,
	"direction" text NOT NULL,
	"outcome" text NOT NULL,
	"result" text,
	"duration_seconds" integer,
	"recording_reference" text,
	"recording_kept_until" date,
	"at" timestamptz NOT NULL,
	"was_lawful" boolean NOT NULL,
	"decision_id" uuid,
	"actor_kind" text NOT NULL,
	"actor_id" text,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "contact_attempts_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "permit_denials" (
	"tenant_id" uuid NOT NULL,
	"denied_on" date NOT NULL,
	"channel" text NOT NULL,
	"rule" text NOT NULL,
	"count" integer NOT NULL,
	CONSTRAINT "permit_denials_tenant_id_denied_on_channel_rule_pk" PRIMARY KEY("tenant_id","denied_on","channel","rule")
);
--> statement-breakpoint
CREATE TABLE "gateways" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"channel" text NOT NULL,
	"adapter" text NOT NULL,
	"state" text NOT NULL,
	"url" text,
	"sender_id" text,
	"secret" "bytea",
	"credentials" "bytea",
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "gateways_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "journal_entries" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"lender_id" uuid,
	"account_id" uuid,
	"kind" text NOT NULL,
	"cause_id" uuid NOT NULL,
	"effective_on" date NOT NULL,
	"recorded_at" timestamptz NOT NULL,
	"reversal_of" uuid,
	CONSTRAINT "journal_entries_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "postings" (
	"tenant_id" uuid NOT NULL,
	"entry_id" uuid NOT NULL,
	"line" smallint NOT NULL,
	"lender_id" uuid,
	"debit" text NOT NULL,
	"credit" text NOT NULL,
	"amount" bigint NOT NULL,
	"currency" char(3) NOT NULL,
	"effective_on" date NOT NULL,
	CONSTRAINT "postings_tenant_id_entry_id_line_pk" PRIMARY KEY("tenant_id","entry_id","line"),
	CONSTRAINT "money moves" CHECK ("postings"."amount" > 0 and "postings"."debit" <> "postings"."credit"),
	CONSTRAINT "one book" CHECK ((left("postings"."debit", 1) in ('D', 'C')) = (left("postings"."credit", 1) in ('D', 'C')) and (left("postings"."debit", 1) = 'T') = (left("postings"."credit", 1) = 'T') and (left("postings"."debit", 1) = 'O') = (left("postings"."credit", 1) = 'O'))
);
--> statement-breakpoint
CREATE TABLE "trust_cures" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"lender_id" uuid NOT NULL,
	"currency" char(3) NOT NULL,
	"by" text NOT NULL,
	"amount" bigint NOT NULL,
	"cured_on" date NOT NULL,
	"reference" text NOT NULL,
	"entry_id" uuid NOT NULL,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "trust_cures_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "money moves" CHECK ("trust_cures"."amount" > 0)
);
--> statement-breakpoint
CREATE TABLE "agreements" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"lender_id" uuid NOT NULL,
	"currency" char(3) NOT NULL,
	"version" smallint NOT NULL,
	"effective_on" date NOT NULL,
	"terms" jsonb NOT NULL,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "agreements_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "lenders" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"name" text NOT NULL,
	"type" text,
	"former_types" jsonb NOT NULL,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "lenders_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "letter_batches" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"state" text NOT NULL,
	"count" integer NOT NULL,
	"duplex" boolean NOT NULL,
	"agency" text NOT NULL,
	"sender" text NOT NULL,
	"pages" integer,
	"hash" "bytea",
	"created_at" timestamptz NOT NULL,
	"made_at" timestamptz,
	"posted_on" date,
	CONSTRAINT "letter_batches_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "letters" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"message_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"lender_id" uuid NOT NULL,
	"party_id" uuid NOT NULL,
	"contact_point_id" uuid NOT NULL,
	"contact_attempt_id" uuid NOT NULL,
	"paper" text NOT NULL,
	"recipient" "bytea",
	"body" "bytea",
	"template_version" text NOT NULL,
	"language" text NOT NULL,
	"state" text NOT NULL,
	"reason" text,
	"batch_id" uuid,
	"written_on" date NOT NULL,
	"due_at" timestamptz,
	"created_at" timestamptz NOT NULL,
	"posted_on" date,
	CONSTRAINT "letters_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "limitation_interruptions" (
	"tenant_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"lender_id" uuid NOT NULL,
	"type" text NOT NULL,
	"happened_on" date NOT NULL,
	"source" text NOT NULL,
	"is_void" boolean DEFAULT false NOT NULL,
	CONSTRAINT "limitation_interruptions_tenant_id_account_id_type_happened_on_source_pk" PRIMARY KEY("tenant_id","account_id","type","happened_on","source")
);
--> statement-breakpoint
CREATE TABLE "limitation_events" (
	"tenant_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"lender_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"happened_on" date NOT NULL,
	"until" date,
	"evidence_kind" text NOT NULL,
	"evidence_reference" text,
	"actor_kind" text NOT NULL,
	"actor_id" text,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "limitation_events_tenant_id_account_id_kind_happened_on_pk" PRIMARY KEY("tenant_id","account_id","kind","happened_on")
);
--> statement-breakpoint
CREATE TABLE "limitations" (
	"tenant_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"lender_id" uuid NOT NULL,
	"last_on" date,
	"decision_id" uuid,
	"due_at" timestamptz,
	"warned" smallint,
	"assessed_at" timestamptz,
	CONSTRAINT "limitations_tenant_id_account_id_pk" PRIMARY KEY("tenant_id","account_id")
);
--> statement-breakpoint
CREATE TABLE "call_tasks" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"enrolment_id" uuid NOT NULL,
	"placement_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"lender_id" uuid NOT NULL,
	"party_id" uuid NOT NULL,
	"contact_point_id" uuid NOT NULL,
	"step" smallint NOT NULL,
	"state" text NOT NULL,
	"reason" text,
	"planned_at" timestamptz NOT NULL,
	"due_at" timestamptz,
	"opened_at" timestamptz,
	"ended_at" timestamptz,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "call_tasks_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "messages" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"enrolment_id" uuid NOT NULL,
	"placement_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"lender_id" uuid NOT NULL,
	"party_id" uuid NOT NULL,
	"contact_point_id" uuid NOT NULL,
	"person_key" text NOT NULL,
	"channel" text NOT NULL,
	"step" smallint NOT NULL,
	"template" text NOT NULL,
	"bundle_id" uuid,
	"state" text NOT NULL,
	"planned_at" timestamptz NOT NULL,
	"due_at" timestamptz,
	"claimed_until" timestamptz,
	"attempts" integer DEFAULT 0 NOT NULL,
	"decision_id" uuid,
	"template_version" text,
	"reason" text,
	"rule" text,
	"clause" text,
	"provider_id" text,
	"sent_at" timestamptz,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "messages_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "consents" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"value_index" "bytea" NOT NULL,
	"channel" text NOT NULL,
	"kind" text NOT NULL,
	"purpose" text NOT NULL,
	"account_id" uuid,
	"until" timestamptz,
	"state" text NOT NULL,
	"source" text NOT NULL,
	"at" timestamptz NOT NULL,
	CONSTRAINT "consents_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "contact_hours" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"person_key" text NOT NULL,
	"requested" jsonb NOT NULL,
	"inconvenient" jsonb NOT NULL,
	"source" text NOT NULL,
	"at" timestamptz NOT NULL,
	CONSTRAINT "contact_hours_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "contact_points" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"party_id" uuid NOT NULL,
	"lender_id" uuid NOT NULL,
	"channel" text NOT NULL,
	"value" "bytea",
	"value_index" "bytea" NOT NULL,
	"is_workplace" boolean DEFAULT false NOT NULL,
	"time_zones" text[] NOT NULL,
	"state" text NOT NULL,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "contact_points_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "parties" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"lender_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"name" "bytea",
	"identity" "bytea",
	"identity_index" "bytea",
	"language" text,
	"erased_at" timestamptz,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "parties_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "reveals" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"party_id" uuid NOT NULL,
	"actor_kind" text NOT NULL,
	"actor_id" text,
	"operation" text NOT NULL,
	"purpose" text NOT NULL,
	"at" timestamptz NOT NULL,
	CONSTRAINT "reveals_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "allocation_orders" (
	"tenant_id" uuid NOT NULL,
	"placement_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"lender_id" uuid NOT NULL,
	"parts" jsonb NOT NULL,
	"source" text NOT NULL,
	"clause" text,
	"policy_decision_id" uuid NOT NULL,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "allocation_orders_tenant_id_placement_id_pk" PRIMARY KEY("tenant_id","placement_id")
);
--> statement-breakpoint
CREATE TABLE "corrections" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"lender_id" uuid NOT NULL,
	"cause" text NOT NULL,
	"cause_id" uuid NOT NULL,
	"from_on" date NOT NULL,
	"currency" char(3) NOT NULL,
	"principal" bigint NOT NULL,
	"interest" bigint NOT NULL,
	"penalty" bigint NOT NULL,
	"costs" bigint NOT NULL,
	"changes" jsonb NOT NULL,
	"entry_id" uuid,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "corrections_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "payment_reversals" (
	"tenant_id" uuid NOT NULL,
	"payment_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"lender_id" uuid NOT NULL,
	"reason" text NOT NULL,
	"reversed_on" date NOT NULL,
	"entry_id" uuid,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "payment_reversals_tenant_id_payment_id_pk" PRIMARY KEY("tenant_id","payment_id")
);
--> statement-breakpoint
CREATE TABLE "payments" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"lender_id" uuid NOT NULL,
	"placement_id" uuid NOT NULL,
	"amount" bigint NOT NULL,
	"currency" char(3) NOT NULL,
	"received_on" date NOT NULL,
	"received_by" text NOT NULL,
	"method" text NOT NULL,
	"reference" text,
	"receipt_id" uuid,
	"principal" bigint NOT NULL,
	"interest" bigint NOT NULL,
	"penalty" bigint NOT NULL,
	"costs" bigint NOT NULL,
	"overpaid" bigint NOT NULL,
	"refunded" bigint NOT NULL,
	"till" text,
	"clears_on" date,
	"cleared_on" date,
	"clearing_entry_id" uuid,
	"due_at" timestamptz,
	"state" text NOT NULL,
	"entry_id" uuid,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "payments_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "every cent is somewhere" CHECK ("payments"."amount" = "payments"."principal" + "payments"."interest" + "payments"."penalty" + "payments"."costs" + "payments"."overpaid"),
	CONSTRAINT "no more than was overpaid" CHECK ("payments"."refunded" between 0 and "payments"."overpaid")
);
--> statement-breakpoint
CREATE TABLE "receipts" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"amount" bigint NOT NULL,
	"currency" char(3) NOT NULL,
	"received_on" date NOT NULL,
	"method" text NOT NULL,
	"reference" text NOT NULL,
	"payer" "bytea",
	"till" text NOT NULL,
	"cleared_on" date,
	"applied" bigint NOT NULL,
	"returned" bigint NOT NULL,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "receipts_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "no more than was received" CHECK ("receipts"."applied" >= 0 and "receipts"."returned" >= 0 and "receipts"."applied" + "receipts"."returned" <= "receipts"."amount")
);
--> statement-breakpoint
CREATE TABLE "recomputations" (
	"tenant_id" uuid NOT NULL,
	"event_id" uuid NOT NULL,
	"rate_name" text,
	"debts_of" uuid,
	"from_on" date,
	"reached" uuid,
	"corrected_count" integer NOT NULL,
	"due_at" timestamptz,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "recomputations_tenant_id_event_id_pk" PRIMARY KEY("tenant_id","event_id"),
	CONSTRAINT "one fact at a time" CHECK (("recomputations"."rate_name" is null) <> ("recomputations"."debts_of" is null))
);
--> statement-breakpoint
CREATE TABLE "refunds" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"payment_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"lender_id" uuid NOT NULL,
	"amount" bigint NOT NULL,
	"currency" char(3) NOT NULL,
	"refunded_on" date NOT NULL,
	"reference" text,
	"entry_id" uuid NOT NULL,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "refunds_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "money moves" CHECK ("refunds"."amount" > 0)
);
--> statement-breakpoint
CREATE TABLE "column_mappings" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"lender_id" uuid,
	"name" text NOT NULL,
	"mapping" jsonb NOT NULL,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "column_mappings_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "placement_batches" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"lender_id" uuid NOT NULL,
	"agreement_id" uuid,
	"state" text NOT NULL,
	"dry_run" boolean NOT NULL,
	"placed_on" date,
	"mapping" jsonb,
	"header" jsonb,
	"expected_count" integer,
	"expected_amount" bigint,
	"row_count" integer DEFAULT 0 NOT NULL,
	"done_count" integer DEFAULT 0 NOT NULL,
	"accepted_count" integer DEFAULT 0 NOT NULL,
	"duplicate_count" integer DEFAULT 0 NOT NULL,
	"rejected_count" integer DEFAULT 0 NOT NULL,
	"due_at" timestamptz,
	"created_at" timestamptz NOT NULL,
	"received_at" timestamptz DEFAULT now() NOT NULL,
	"processed_at" timestamptz,
	CONSTRAINT "placement_batches_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "placement_parts" (
	"tenant_id" uuid NOT NULL,
	"batch_id" uuid NOT NULL,
	"lender_id" uuid NOT NULL,
	"first_row" integer NOT NULL,
	"rows" "bytea" NOT NULL,
	CONSTRAINT "placement_parts_tenant_id_batch_id_first_row_pk" PRIMARY KEY("tenant_id","batch_id","first_row")
);
--> statement-breakpoint
CREATE TABLE "placement_rows" (
	"tenant_id" uuid NOT NULL,
	"batch_id" uuid NOT NULL,
	"row" integer NOT NULL,
	"lender_id" uuid NOT NULL,
	"outcome" text NOT NULL,
	"code" text,
	"errors" jsonb,
	"account_id" uuid,
	"placement_id" uuid,
	CONSTRAINT "placement_rows_tenant_id_batch_id_row_pk" PRIMARY KEY("tenant_id","batch_id","row")
);
--> statement-breakpoint
CREATE TABLE "placement_totals" (
	"tenant_id" uuid NOT NULL,
	"batch_id" uuid NOT NULL,
	"currency" text NOT NULL,
	"lender_id" uuid NOT NULL,
	"received_amount" bigint NOT NULL,
	"accepted_amount" bigint NOT NULL,
	CONSTRAINT "placement_totals_tenant_id_batch_id_currency_pk" PRIMARY KEY("tenant_id","batch_id","currency")
);
--> statement-breakpoint
CREATE TABLE "placements" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"lender_id" uuid NOT NULL,
	"agreement_id" uuid NOT NULL,
	"batch_id" uuid,
	"placement_number" smallint NOT NULL,
	"state" text NOT NULL,
	"claim" text,
	"placed_on" date NOT NULL,
	"term_ends_on" date NOT NULL,
	"told_ends_on" date,
	"extended_days" smallint DEFAULT 0 NOT NULL,
	"answer_by" date,
	"asked_on" date,
	"questions" jsonb,
	"answers" jsonb,
	"recall_asked_on" date,
	"recall_reason" text,
	"contest_reason" text,
	"contest_evidence" text,
	"close_code" text,
	"ended_at" timestamptz,
	"due_at" timestamptz,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "placements_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "house_rules" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"lender_id" uuid,
	"code" text NOT NULL,
	"edition" integer NOT NULL,
	"input" jsonb NOT NULL,
	"actor_kind" text NOT NULL,
	"actor_id" text,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "house_rules_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "house_rules_tenantId_lenderId_code_edition_unique" UNIQUE NULLS NOT DISTINCT("tenant_id","lender_id","code","edition")
);
--> statement-breakpoint
CREATE TABLE "policy_decisions" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"account_id" uuid,
	"lender_id" uuid,
	"party_id" uuid,
	"kind" text NOT NULL,
	"channel" text,
	"purpose" text,
	"verdict" text NOT NULL,
	"earliest_at" timestamptz,
	"pack_versions" jsonb NOT NULL,
	"facts" json NOT NULL,
	"body" json NOT NULL,
	"decided_at" timestamptz NOT NULL,
	CONSTRAINT "policy_decisions_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "a contact has a channel" CHECK (("policy_decisions"."kind" = 'contact') = ("policy_decisions"."channel" is not null and "policy_decisions"."purpose" is not null))
);
--> statement-breakpoint
CREATE TABLE "policy_exemptions" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"lender_id" uuid,
	"pack_id" text NOT NULL,
	"rule_id" text NOT NULL,
	"strength" text NOT NULL,
	"clause" text NOT NULL,
	"reason" text NOT NULL,
	"explanation" text NOT NULL,
	"from_on" date NOT NULL,
	"expires_on" date NOT NULL,
	"granted_by_id" text,
	"created_at" timestamptz NOT NULL,
	"ended_at" timestamptz,
	CONSTRAINT "policy_exemptions_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "promises" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"lender_id" uuid NOT NULL,
	"placement_id" uuid NOT NULL,
	"party_id" uuid NOT NULL,
	"amount" bigint NOT NULL,
	"currency" char(3) NOT NULL,
	"parts" jsonb NOT NULL,
	"grace_days" smallint NOT NULL,
	"made_on" date NOT NULL,
	"grace_ends_on" date NOT NULL,
	"channel" text,
	"contact_attempt_id" uuid,
	"state" text NOT NULL,
	"reason" text,
	"superseded_by" uuid,
	"paid" bigint NOT NULL,
	"due_at" timestamptz,
	"decided_at" timestamptz,
	"taken_by" text NOT NULL,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "promises_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "what is open is judged" CHECK (("promises"."state" = 'open') = ("promises"."due_at" is not null)),
	CONSTRAINT "money is promised" CHECK ("promises"."amount" > 0 and "promises"."paid" >= 0)
);
--> statement-breakpoint
CREATE TABLE "disputes" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"lender_id" uuid NOT NULL,
	"hold_id" uuid NOT NULL,
	"reason" text NOT NULL,
	"disputed" jsonb,
	"state" text NOT NULL,
	"opened_at" timestamptz NOT NULL,
	"resolved_at" timestamptz,
	CONSTRAINT "disputes_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "holds" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"lender_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"stops_contact" boolean NOT NULL,
	"stops_interest" boolean NOT NULL,
	"stops_late_fees" boolean NOT NULL,
	"starts_at" timestamptz NOT NULL,
	"ends_at" timestamptz,
	"due_at" timestamptz,
	"released_at" timestamptz,
	"reason" text,
	"release_reason" text,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "holds_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "leases" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"queue_id" uuid NOT NULL,
	"holder_kind" text NOT NULL,
	"holder_id" text NOT NULL,
	"state" text NOT NULL,
	"due_at" timestamptz,
	"created_at" timestamptz NOT NULL,
	"ended_at" timestamptz,
	CONSTRAINT "leases_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "a held lease lapses" CHECK (("leases"."state" = 'held') = ("leases"."due_at" is not null))
);
--> statement-breakpoint
CREATE TABLE "queues" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"name" text NOT NULL,
	"filter" jsonb NOT NULL,
	"ordering" text NOT NULL,
	"fill_after" uuid,
	"scanned_count" integer DEFAULT 0 NOT NULL,
	"filled_at" timestamptz,
	"arrivals" bigint DEFAULT 0 NOT NULL,
	"announced_at" timestamptz,
	"due_at" timestamptz,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "queues_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "work_completions" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"work_item_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"lease_id" uuid NOT NULL,
	"outcome" text NOT NULL,
	"contact_attempt_id" uuid,
	"ready_at" timestamptz,
	"note" "bytea",
	"completed_by" text NOT NULL,
	"completed_at" timestamptz NOT NULL,
	CONSTRAINT "work_completions_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "work_items" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"queue_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"placement_id" uuid NOT NULL,
	"zone" text NOT NULL,
	"priority" bigint NOT NULL,
	"state" text NOT NULL,
	"lease_id" uuid,
	"attempts" smallint DEFAULT 0 NOT NULL,
	"ready_at" timestamptz,
	"due_at" timestamptz,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "work_items_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "leased work has a lease" CHECK ("work_items"."state" <> 'leased' or "work_items"."lease_id" is not null),
	CONSTRAINT "only deferred work waits" CHECK (("work_items"."state" = 'deferred') = ("work_items"."due_at" is not null))
);
--> statement-breakpoint
CREATE TABLE "reference_rates" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"name" text NOT NULL,
	"effective_on" date NOT NULL,
	"value" text,
	"source" text NOT NULL,
	"recorded_at" timestamptz NOT NULL,
	CONSTRAINT "reference_rates_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "document_numbers" (
	"tenant_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"last" bigint NOT NULL,
	CONSTRAINT "document_numbers_tenant_id_kind_pk" PRIMARY KEY("tenant_id","kind")
);
--> statement-breakpoint
CREATE TABLE "invoice_settlements" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"invoice_id" uuid NOT NULL,
	"lender_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"amount" bigint NOT NULL,
	"settled_on" date NOT NULL,
	"reference" text,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "invoice_settlements_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "something is settled" CHECK ("invoice_settlements"."amount" <> 0 and ("invoice_settlements"."amount" < 0) = ("invoice_settlements"."kind" = 'offsetUndone'))
);
--> statement-breakpoint
CREATE TABLE "invoices" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"lender_id" uuid NOT NULL,
	"currency" char(3) NOT NULL,
	"kind" text NOT NULL,
	"number" bigint NOT NULL,
	"statement_id" uuid NOT NULL,
	"credits_id" uuid,
	"from_on" date NOT NULL,
	"to_on" date NOT NULL,
	"taxes" jsonb NOT NULL,
	"commission" bigint NOT NULL,
	"vat" bigint NOT NULL,
	"costs" bigint NOT NULL,
	"withheld" bigint NOT NULL,
	"billed" bigint NOT NULL,
	"document" text NOT NULL,
	"hash" "bytea" NOT NULL,
	"issued_at" timestamptz NOT NULL,
	CONSTRAINT "invoices_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "all of it is withheld or billed" CHECK ("invoices"."commission" + "invoices"."vat" + "invoices"."costs" = "invoices"."withheld" + "invoices"."billed")
);
--> statement-breakpoint
CREATE TABLE "remittance_runs" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"lender_id" uuid,
	"currency" char(3),
	"through_on" date NOT NULL,
	"reached" text NOT NULL,
	"statement_count" integer NOT NULL,
	"due_at" timestamptz,
	"created_at" timestamptz NOT NULL,
	"finished_at" timestamptz,
	CONSTRAINT "remittance_runs_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "remittance_schedules" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"lender_id" uuid NOT NULL,
	"currency" char(3) NOT NULL,
	"every" text NOT NULL,
	"due_at" timestamptz,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "remittance_schedules_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "remittances" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"lender_id" uuid NOT NULL,
	"statement_id" uuid NOT NULL,
	"currency" char(3) NOT NULL,
	"amount" bigint NOT NULL,
	"sent_on" date NOT NULL,
	"entry_id" uuid NOT NULL,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "remittances_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "money moves" CHECK ("remittances"."amount" > 0)
);
--> statement-breakpoint
CREATE TABLE "statement_lines" (
	"tenant_id" uuid NOT NULL,
	"entry_id" uuid NOT NULL,
	"statement_id" uuid NOT NULL,
	"line" integer NOT NULL,
	"lender_id" uuid NOT NULL,
	"invoice_id" uuid,
	"kind" text NOT NULL,
	"source_id" uuid NOT NULL,
	"account_id" uuid,
	"lender_reference" text,
	"effective_on" date NOT NULL,
	"corrects_entry_id" uuid,
	"principal" bigint NOT NULL,
	"interest" bigint NOT NULL,
	"penalty" bigint NOT NULL,
	"costs" bigint NOT NULL,
	"collected" bigint NOT NULL,
	"collected_direct" bigint NOT NULL,
	"commission" bigint NOT NULL,
	"vat" bigint NOT NULL,
	"vat_rate" text,
	"costs_billed" bigint NOT NULL,
	"held" bigint NOT NULL,
	"billed" bigint NOT NULL,
	CONSTRAINT "statement_lines_tenant_id_entry_id_pk" PRIMARY KEY("tenant_id","entry_id")
);
--> statement-breakpoint
CREATE TABLE "statements" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"lender_id" uuid NOT NULL,
	"currency" char(3) NOT NULL,
	"number" bigint NOT NULL,
	"from_on" date NOT NULL,
	"to_on" date NOT NULL,
	"basis" text NOT NULL,
	"opening_held" bigint NOT NULL,
	"opening_billed" bigint NOT NULL,
	"collected" bigint NOT NULL,
	"collected_direct" bigint NOT NULL,
	"commission" bigint NOT NULL,
	"vat" bigint NOT NULL,
	"set_off" bigint NOT NULL,
	"remitted" bigint NOT NULL,
	"closing_held" bigint NOT NULL,
	"closing_billed" bigint NOT NULL,
	"line_count" integer NOT NULL,
	"document" text NOT NULL,
	"hash" "bytea" NOT NULL,
	"issued_at" timestamptz NOT NULL,
	CONSTRAINT "statements_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "a period has a day" CHECK ("statements"."from_on" <= "statements"."to_on")
);
--> statement-breakpoint
CREATE TABLE "retention_deadlines" (
	"tenant_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"lender_id" uuid NOT NULL,
	"category" text NOT NULL,
	"keep_until" date,
	"delete_by" date,
	"pack" text,
	"rule" text,
	"clause" text,
	"decision_id" uuid NOT NULL,
	CONSTRAINT "retention_deadlines_tenant_id_account_id_category_pk" PRIMARY KEY("tenant_id","account_id","category")
);
--> statement-breakpoint
CREATE TABLE "retention_parties" (
	"tenant_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"party_id" uuid NOT NULL,
	"lender_id" uuid NOT NULL,
	CONSTRAINT "retention_parties_tenant_id_account_id_party_id_pk" PRIMARY KEY("tenant_id","account_id","party_id")
);
--> statement-breakpoint
CREATE TABLE "retentions" (
	"tenant_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"lender_id" uuid NOT NULL,
	"ends_at" timestamptz,
	"due_at" timestamptz,
	"asked_at" timestamptz NOT NULL,
	CONSTRAINT "retentions_tenant_id_account_id_pk" PRIMARY KEY("tenant_id","account_id")
);
--> statement-breakpoint
CREATE TABLE "resealings" (
	"tenant_id" uuid NOT NULL,
	"version" smallint NOT NULL,
	"table_name" text,
	"after_id" uuid,
	"is_last_pass" boolean NOT NULL,
	"due_at" timestamptz,
	"started_at" timestamptz NOT NULL,
	"done_at" timestamptz,
	CONSTRAINT "resealings_tenant_id_pk" PRIMARY KEY("tenant_id")
);
--> statement-breakpoint
CREATE TABLE "enrolments" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"placement_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"strategy_version_id" uuid,
	"enrolled_by_id" text,
	"enrolled_at" timestamptz NOT NULL,
	"ended_at" timestamptz,
	CONSTRAINT "enrolments_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "strategies" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"name" text NOT NULL,
	"rank" integer NOT NULL,
	"latest_version" integer NOT NULL,
	"active_version" integer,
	"activated_at" timestamptz,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "strategies_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "strategies_tenantId_name_unique" UNIQUE("tenant_id","name")
);
--> statement-breakpoint
CREATE TABLE "strategy_versions" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"strategy_id" uuid NOT NULL,
	"number" integer NOT NULL,
	"steps" jsonb NOT NULL,
	"applies_to" jsonb NOT NULL,
	"created_by_id" text,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "strategy_versions_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "strategy_versions_tenantId_strategyId_number_unique" UNIQUE("tenant_id","strategy_id","number")
);
--> statement-breakpoint
CREATE TABLE "template_activations" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"template_version_id" uuid NOT NULL,
	"jurisdictions" text[] NOT NULL,
	"checked" jsonb NOT NULL,
	"activated_by_id" text,
	"activated_at" timestamptz NOT NULL,
	CONSTRAINT "template_activations_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "template_versions" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"template_id" uuid NOT NULL,
	"number" integer NOT NULL,
	"subject" text,
	"text" text NOT NULL,
	"html" text,
	"created_by_id" text,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "template_versions_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "template_versions_tenantId_templateId_number_unique" UNIQUE("tenant_id","template_id","number")
);
--> statement-breakpoint
CREATE TABLE "templates" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"lender_id" uuid,
	"code" text NOT NULL,
	"channel" text NOT NULL,
	"language" text NOT NULL,
	"latest_version" integer NOT NULL,
	"active_version" integer,
	"jurisdictions" text[] NOT NULL,
	"activated_at" timestamptz,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "templates_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "templates_tenantId_lenderId_code_channel_language_unique" UNIQUE NULLS NOT DISTINCT("tenant_id","lender_id","code","channel","language")
);
--> statement-breakpoint
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
CREATE TABLE "deliveries" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"endpoint_id" uuid NOT NULL,
	"lender_id" uuid,
	"event_sequence" bigint NOT NULL,
	"event_id" uuid NOT NULL,
	"event_type" text NOT NULL,
	"state" text DEFAULT 'pending' NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"tries" integer DEFAULT 0 NOT NULL,
	"next_attempt_at" timestamptz,
	"last_status" smallint,
	"last_error" text,
	"last_attempt_at" timestamptz,
	"delivered_at" timestamptz,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "deliveries_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "delivery_attempts" (
	"tenant_id" uuid NOT NULL,
	"delivery_id" uuid NOT NULL,
	"n" integer NOT NULL,
	"lender_id" uuid,
	"at" timestamptz NOT NULL,
	"status" smallint,
	"latency_ms" integer NOT NULL,
	"answer" text,
	"error" text,
	CONSTRAINT "delivery_attempts_tenant_id_delivery_id_n_pk" PRIMARY KEY("tenant_id","delivery_id","n")
);
--> statement-breakpoint
CREATE TABLE "webhook_endpoints" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"lender_id" uuid,
	"url" text NOT NULL,
	"filters" text[] NOT NULL,
	"description" text,
	"api_version" smallint NOT NULL,
	"secret" "bytea" NOT NULL,
	"previous_secret" "bytea",
	"previous_secret_expires_at" timestamptz,
	"state" text NOT NULL,
	"pause_reason" text,
	"paused_at" timestamptz,
	"failures" integer DEFAULT 0 NOT NULL,
	"failing_since" timestamptz,
	"held_until" timestamptz,
	"due_at" timestamptz,
	"leased_by" uuid,
	"leased_until" timestamptz,
	"after_sequence" bigint NOT NULL,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "webhook_endpoints_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
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
CREATE TABLE "mailbox" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"channel" text NOT NULL,
	"key" text NOT NULL,
	"recipient" "bytea" NOT NULL,
	"subject" "bytea",
	"body" "bytea" NOT NULL,
	"created_at" timestamptz NOT NULL,
	CONSTRAINT "mailbox_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
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
ALTER TABLE "account_parties" ADD CONSTRAINT "account_parties_tenant_id_account_id_accounts_tenant_id_id_fk" FOREIGN KEY ("tenant_id","account_id") REFERENCES "public"."accounts"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "account_parties" ADD CONSTRAINT "account_parties_tenant_id_party_id_parties_tenant_id_id_fk" FOREIGN KEY ("tenant_id","party_id") REFERENCES "public"."parties"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "accounts" ADD CONSTRAINT "accounts_tenant_id_lender_id_lenders_tenant_id_id_fk" FOREIGN KEY ("tenant_id","lender_id") REFERENCES "public"."lenders"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "accounts" ADD CONSTRAINT "accounts_tenant_id_agreement_id_agreements_tenant_id_id_fk" FOREIGN KEY ("tenant_id","agreement_id") REFERENCES "public"."agreements"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "adjustments" ADD CONSTRAINT "adjustments_tenant_id_account_id_accounts_tenant_id_id_fk" FOREIGN KEY ("tenant_id","account_id") REFERENCES "public"."accounts"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "adjustments" ADD CONSTRAINT "adjustments_tenant_id_placement_id_placements_tenant_id_id_fk" FOREIGN KEY ("tenant_id","placement_id") REFERENCES "public"."placements"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "adjustments" ADD CONSTRAINT "adjustments_tenant_id_charge_id_charges_tenant_id_id_fk" FOREIGN KEY ("tenant_id","charge_id") REFERENCES "public"."charges"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "adjustments" ADD CONSTRAINT "adjustments_tenant_id_entry_id_journal_entries_tenant_id_id_fk" FOREIGN KEY ("tenant_id","entry_id") REFERENCES "public"."journal_entries"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "adjustments" ADD CONSTRAINT "adjustments_tenant_id_reversal_entry_id_journal_entries_tenant_id_id_fk" FOREIGN KEY ("tenant_id","reversal_entry_id") REFERENCES "public"."journal_entries"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "bank_lines" ADD CONSTRAINT "bank_lines_tenant_id_account_bank_accounts_tenant_id_account_fk" FOREIGN KEY ("tenant_id","account") REFERENCES "public"."bank_accounts"("tenant_id","account") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "bank_lines" ADD CONSTRAINT "bank_lines_tenant_id_bank_statement_id_bank_statements_tenant_id_id_fk" FOREIGN KEY ("tenant_id","bank_statement_id") REFERENCES "public"."bank_statements"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "bank_matches" ADD CONSTRAINT "bank_matches_tenant_id_entry_id_journal_entries_tenant_id_id_fk" FOREIGN KEY ("tenant_id","entry_id") REFERENCES "public"."journal_entries"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "bank_matches" ADD CONSTRAINT "bank_matches_tenant_id_bank_line_id_bank_lines_tenant_id_id_fk" FOREIGN KEY ("tenant_id","bank_line_id") REFERENCES "public"."bank_lines"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "bank_statements" ADD CONSTRAINT "bank_statements_tenant_id_account_bank_accounts_tenant_id_account_fk" FOREIGN KEY ("tenant_id","account") REFERENCES "public"."bank_accounts"("tenant_id","account") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "gateway_events" ADD CONSTRAINT "gateway_events_tenant_id_gateway_id_gateways_tenant_id_id_fk" FOREIGN KEY ("tenant_id","gateway_id") REFERENCES "public"."gateways"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "charge_schedules" ADD CONSTRAINT "charge_schedules_tenant_id_account_id_accounts_tenant_id_id_fk" FOREIGN KEY ("tenant_id","account_id") REFERENCES "public"."accounts"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "charge_schedules" ADD CONSTRAINT "charge_schedules_tenant_id_placement_id_placements_tenant_id_id_fk" FOREIGN KEY ("tenant_id","placement_id") REFERENCES "public"."placements"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "charge_schedules" ADD CONSTRAINT "charge_schedules_tenant_id_agreement_id_agreements_tenant_id_id_fk" FOREIGN KEY ("tenant_id","agreement_id") REFERENCES "public"."agreements"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "charges" ADD CONSTRAINT "charges_tenant_id_account_id_accounts_tenant_id_id_fk" FOREIGN KEY ("tenant_id","account_id") REFERENCES "public"."accounts"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "charges" ADD CONSTRAINT "charges_tenant_id_entry_id_journal_entries_tenant_id_id_fk" FOREIGN KEY ("tenant_id","entry_id") REFERENCES "public"."journal_entries"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "charges" ADD CONSTRAINT "charges_tenant_id_waiver_entry_id_journal_entries_tenant_id_id_fk" FOREIGN KEY ("tenant_id","waiver_entry_id") REFERENCES "public"."journal_entries"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "commission_entries" ADD CONSTRAINT "commission_entries_tenant_id_account_id_accounts_tenant_id_id_fk" FOREIGN KEY ("tenant_id","account_id") REFERENCES "public"."accounts"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "commission_entries" ADD CONSTRAINT "commission_entries_tenant_id_placement_id_placements_tenant_id_id_fk" FOREIGN KEY ("tenant_id","placement_id") REFERENCES "public"."placements"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "commission_entries" ADD CONSTRAINT "commission_entries_tenant_id_agreement_id_agreements_tenant_id_id_fk" FOREIGN KEY ("tenant_id","agreement_id") REFERENCES "public"."agreements"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "commission_entries" ADD CONSTRAINT "commission_entries_tenant_id_plan_id_commission_plans_tenant_id_id_fk" FOREIGN KEY ("tenant_id","plan_id") REFERENCES "public"."commission_plans"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "commission_entries" ADD CONSTRAINT "commission_entries_tenant_id_entry_id_journal_entries_tenant_id_id_fk" FOREIGN KEY ("tenant_id","entry_id") REFERENCES "public"."journal_entries"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "commission_entries" ADD CONSTRAINT "commission_entries_tenant_id_recovery_entry_id_journal_entries_tenant_id_id_fk" FOREIGN KEY ("tenant_id","recovery_entry_id") REFERENCES "public"."journal_entries"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "commission_plans" ADD CONSTRAINT "commission_plans_tenant_id_lender_id_lenders_tenant_id_id_fk" FOREIGN KEY ("tenant_id","lender_id") REFERENCES "public"."lenders"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "complaints" ADD CONSTRAINT "complaints_tenant_id_account_id_accounts_tenant_id_id_fk" FOREIGN KEY ("tenant_id","account_id") REFERENCES "public"."accounts"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "complaints" ADD CONSTRAINT "complaints_tenant_id_party_id_parties_tenant_id_id_fk" FOREIGN KEY ("tenant_id","party_id") REFERENCES "public"."parties"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "complaints" ADD CONSTRAINT "complaints_tenant_id_staff_id_staff_tenant_id_id_fk" FOREIGN KEY ("tenant_id","staff_id") REFERENCES "public"."staff"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "complaints" ADD CONSTRAINT "complaints_tenant_id_hold_id_holds_tenant_id_id_fk" FOREIGN KEY ("tenant_id","hold_id") REFERENCES "public"."holds"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "hardship_assessments" ADD CONSTRAINT "hardship_assessments_tenant_id_account_id_accounts_tenant_id_id_fk" FOREIGN KEY ("tenant_id","account_id") REFERENCES "public"."accounts"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "hardship_assessments" ADD CONSTRAINT "hardship_assessments_tenant_id_party_id_parties_tenant_id_id_fk" FOREIGN KEY ("tenant_id","party_id") REFERENCES "public"."parties"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "hardship_assessments" ADD CONSTRAINT "hardship_assessments_tenant_id_hold_id_holds_tenant_id_id_fk" FOREIGN KEY ("tenant_id","hold_id") REFERENCES "public"."holds"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "hardship_assessments" ADD CONSTRAINT "hardship_assessments_tenant_id_consent_id_consents_tenant_id_id_fk" FOREIGN KEY ("tenant_id","consent_id") REFERENCES "public"."consents"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "contact_attempt_debts" ADD CONSTRAINT "contact_attempt_debts_tenant_id_contact_attempt_id_contact_attempts_tenant_id_id_fk" FOREIGN KEY ("tenant_id","contact_attempt_id") REFERENCES "public"."contact_attempts"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "contact_attempt_debts" ADD CONSTRAINT "contact_attempt_debts_tenant_id_account_id_accounts_tenant_id_id_fk" FOREIGN KEY ("tenant_id","account_id") REFERENCES "public"."accounts"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "contact_attempts" ADD CONSTRAINT "contact_attempts_tenant_id_account_id_accounts_tenant_id_id_fk" FOREIGN KEY ("tenant_id","account_id") REFERENCES "public"."accounts"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "contact_attempts" ADD CONSTRAINT "contact_attempts_tenant_id_party_id_parties_tenant_id_id_fk" FOREIGN KEY ("tenant_id","party_id") REFERENCES "public"."parties"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "contact_attempts" ADD CONSTRAINT "contact_attempts_tenant_id_contact_point_id_contact_points_tenant_id_id_fk" FOREIGN KEY ("tenant_id","contact_point_id") REFERENCES "public"."contact_points"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "journal_entries" ADD CONSTRAINT "journal_entries_tenant_id_lender_id_lenders_tenant_id_id_fk" FOREIGN KEY ("tenant_id","lender_id") REFERENCES "public"."lenders"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "journal_entries" ADD CONSTRAINT "journal_entries_tenant_id_account_id_accounts_tenant_id_id_fk" FOREIGN KEY ("tenant_id","account_id") REFERENCES "public"."accounts"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "journal_entries" ADD CONSTRAINT "journal_entries_tenant_id_reversal_of_journal_entries_tenant_id_id_fk" FOREIGN KEY ("tenant_id","reversal_of") REFERENCES "public"."journal_entries"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "postings" ADD CONSTRAINT "postings_tenant_id_entry_id_journal_entries_tenant_id_id_fk" FOREIGN KEY ("tenant_id","entry_id") REFERENCES "public"."journal_entries"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "trust_cures" ADD CONSTRAINT "trust_cures_tenant_id_lender_id_lenders_tenant_id_id_fk" FOREIGN KEY ("tenant_id","lender_id") REFERENCES "public"."lenders"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "trust_cures" ADD CONSTRAINT "trust_cures_tenant_id_entry_id_journal_entries_tenant_id_id_fk" FOREIGN KEY ("tenant_id","entry_id") REFERENCES "public"."journal_entries"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "agreements" ADD CONSTRAINT "agreements_tenant_id_lender_id_lenders_tenant_id_id_fk" FOREIGN KEY ("tenant_id","lender_id") REFERENCES "public"."lenders"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "letters" ADD CONSTRAINT "letters_tenant_id_account_id_accounts_tenant_id_id_fk" FOREIGN KEY ("tenant_id","account_id") REFERENCES "public"."accounts"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "letters" ADD CONSTRAINT "letters_tenant_id_party_id_parties_tenant_id_id_fk" FOREIGN KEY ("tenant_id","party_id") REFERENCES "public"."parties"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "letters" ADD CONSTRAINT "letters_tenant_id_contact_point_id_contact_points_tenant_id_id_fk" FOREIGN KEY ("tenant_id","contact_point_id") REFERENCES "public"."contact_points"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "letters" ADD CONSTRAINT "letters_tenant_id_contact_attempt_id_contact_attempts_tenant_id_id_fk" FOREIGN KEY ("tenant_id","contact_attempt_id") REFERENCES "public"."contact_attempts"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "letters" ADD CONSTRAINT "letters_tenant_id_batch_id_letter_batches_tenant_id_id_fk" FOREIGN KEY ("tenant_id","batch_id") REFERENCES "public"."letter_batches"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "limitation_interruptions" ADD CONSTRAINT "limitation_interruptions_tenant_id_account_id_accounts_tenant_id_id_fk" FOREIGN KEY ("tenant_id","account_id") REFERENCES "public"."accounts"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "limitation_events" ADD CONSTRAINT "limitation_events_tenant_id_account_id_accounts_tenant_id_id_fk" FOREIGN KEY ("tenant_id","account_id") REFERENCES "public"."accounts"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "limitations" ADD CONSTRAINT "limitations_tenant_id_account_id_accounts_tenant_id_id_fk" FOREIGN KEY ("tenant_id","account_id") REFERENCES "public"."accounts"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "call_tasks" ADD CONSTRAINT "call_tasks_tenant_id_enrolment_id_enrolments_tenant_id_id_fk" FOREIGN KEY ("tenant_id","enrolment_id") REFERENCES "public"."enrolments"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "call_tasks" ADD CONSTRAINT "call_tasks_tenant_id_placement_id_placements_tenant_id_id_fk" FOREIGN KEY ("tenant_id","placement_id") REFERENCES "public"."placements"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "call_tasks" ADD CONSTRAINT "call_tasks_tenant_id_account_id_accounts_tenant_id_id_fk" FOREIGN KEY ("tenant_id","account_id") REFERENCES "public"."accounts"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "call_tasks" ADD CONSTRAINT "call_tasks_tenant_id_contact_point_id_contact_points_tenant_id_id_fk" FOREIGN KEY ("tenant_id","contact_point_id") REFERENCES "public"."contact_points"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "messages" ADD CONSTRAINT "messages_tenant_id_enrolment_id_enrolments_tenant_id_id_fk" FOREIGN KEY ("tenant_id","enrolment_id") REFERENCES "public"."enrolments"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "messages" ADD CONSTRAINT "messages_tenant_id_placement_id_placements_tenant_id_id_fk" FOREIGN KEY ("tenant_id","placement_id") REFERENCES "public"."placements"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "messages" ADD CONSTRAINT "messages_tenant_id_account_id_accounts_tenant_id_id_fk" FOREIGN KEY ("tenant_id","account_id") REFERENCES "public"."accounts"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "messages" ADD CONSTRAINT "messages_tenant_id_contact_point_id_contact_points_tenant_id_id_fk" FOREIGN KEY ("tenant_id","contact_point_id") REFERENCES "public"."contact_points"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "contact_points" ADD CONSTRAINT "contact_points_tenant_id_party_id_parties_tenant_id_id_fk" FOREIGN KEY ("tenant_id","party_id") REFERENCES "public"."parties"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "parties" ADD CONSTRAINT "parties_tenant_id_lender_id_lenders_tenant_id_id_fk" FOREIGN KEY ("tenant_id","lender_id") REFERENCES "public"."lenders"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reveals" ADD CONSTRAINT "reveals_tenant_id_party_id_parties_tenant_id_id_fk" FOREIGN KEY ("tenant_id","party_id") REFERENCES "public"."parties"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "allocation_orders" ADD CONSTRAINT "allocation_orders_tenant_id_placement_id_placements_tenant_id_id_fk" FOREIGN KEY ("tenant_id","placement_id") REFERENCES "public"."placements"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "corrections" ADD CONSTRAINT "corrections_tenant_id_account_id_accounts_tenant_id_id_fk" FOREIGN KEY ("tenant_id","account_id") REFERENCES "public"."accounts"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "corrections" ADD CONSTRAINT "corrections_tenant_id_entry_id_journal_entries_tenant_id_id_fk" FOREIGN KEY ("tenant_id","entry_id") REFERENCES "public"."journal_entries"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payment_reversals" ADD CONSTRAINT "payment_reversals_tenant_id_payment_id_payments_tenant_id_id_fk" FOREIGN KEY ("tenant_id","payment_id") REFERENCES "public"."payments"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payment_reversals" ADD CONSTRAINT "payment_reversals_tenant_id_entry_id_journal_entries_tenant_id_id_fk" FOREIGN KEY ("tenant_id","entry_id") REFERENCES "public"."journal_entries"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payments" ADD CONSTRAINT "payments_tenant_id_account_id_accounts_tenant_id_id_fk" FOREIGN KEY ("tenant_id","account_id") REFERENCES "public"."accounts"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payments" ADD CONSTRAINT "payments_tenant_id_placement_id_placements_tenant_id_id_fk" FOREIGN KEY ("tenant_id","placement_id") REFERENCES "public"."placements"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payments" ADD CONSTRAINT "payments_tenant_id_receipt_id_receipts_tenant_id_id_fk" FOREIGN KEY ("tenant_id","receipt_id") REFERENCES "public"."receipts"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payments" ADD CONSTRAINT "payments_tenant_id_entry_id_journal_entries_tenant_id_id_fk" FOREIGN KEY ("tenant_id","entry_id") REFERENCES "public"."journal_entries"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payments" ADD CONSTRAINT "payments_tenant_id_clearing_entry_id_journal_entries_tenant_id_id_fk" FOREIGN KEY ("tenant_id","clearing_entry_id") REFERENCES "public"."journal_entries"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "refunds" ADD CONSTRAINT "refunds_tenant_id_payment_id_payments_tenant_id_id_fk" FOREIGN KEY ("tenant_id","payment_id") REFERENCES "public"."payments"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "refunds" ADD CONSTRAINT "refunds_tenant_id_entry_id_journal_entries_tenant_id_id_fk" FOREIGN KEY ("tenant_id","entry_id") REFERENCES "public"."journal_entries"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "column_mappings" ADD CONSTRAINT "column_mappings_tenant_id_lender_id_lenders_tenant_id_id_fk" FOREIGN KEY ("tenant_id","lender_id") REFERENCES "public"."lenders"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "placement_batches" ADD CONSTRAINT "placement_batches_tenant_id_lender_id_lenders_tenant_id_id_fk" FOREIGN KEY ("tenant_id","lender_id") REFERENCES "public"."lenders"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "placement_parts" ADD CONSTRAINT "placement_parts_tenant_id_batch_id_placement_batches_tenant_id_id_fk" FOREIGN KEY ("tenant_id","batch_id") REFERENCES "public"."placement_batches"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "placement_rows" ADD CONSTRAINT "placement_rows_tenant_id_batch_id_placement_batches_tenant_id_id_fk" FOREIGN KEY ("tenant_id","batch_id") REFERENCES "public"."placement_batches"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "placement_totals" ADD CONSTRAINT "placement_totals_tenant_id_batch_id_placement_batches_tenant_id_id_fk" FOREIGN KEY ("tenant_id","batch_id") REFERENCES "public"."placement_batches"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "placements" ADD CONSTRAINT "placements_tenant_id_account_id_accounts_tenant_id_id_fk" FOREIGN KEY ("tenant_id","account_id") REFERENCES "public"."accounts"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "placements" ADD CONSTRAINT "placements_tenant_id_agreement_id_agreements_tenant_id_id_fk" FOREIGN KEY ("tenant_id","agreement_id") REFERENCES "public"."agreements"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "house_rules" ADD CONSTRAINT "house_rules_tenant_id_lender_id_lenders_tenant_id_id_fk" FOREIGN KEY ("tenant_id","lender_id") REFERENCES "public"."lenders"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "policy_exemptions" ADD CONSTRAINT "policy_exemptions_tenant_id_lender_id_lenders_tenant_id_id_fk" FOREIGN KEY ("tenant_id","lender_id") REFERENCES "public"."lenders"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "promises" ADD CONSTRAINT "promises_tenant_id_account_id_accounts_tenant_id_id_fk" FOREIGN KEY ("tenant_id","account_id") REFERENCES "public"."accounts"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "promises" ADD CONSTRAINT "promises_tenant_id_placement_id_placements_tenant_id_id_fk" FOREIGN KEY ("tenant_id","placement_id") REFERENCES "public"."placements"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "promises" ADD CONSTRAINT "promises_tenant_id_party_id_parties_tenant_id_id_fk" FOREIGN KEY ("tenant_id","party_id") REFERENCES "public"."parties"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "disputes" ADD CONSTRAINT "disputes_tenant_id_account_id_accounts_tenant_id_id_fk" FOREIGN KEY ("tenant_id","account_id") REFERENCES "public"."accounts"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "disputes" ADD CONSTRAINT "disputes_tenant_id_hold_id_holds_tenant_id_id_fk" FOREIGN KEY ("tenant_id","hold_id") REFERENCES "public"."holds"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "holds" ADD CONSTRAINT "holds_tenant_id_account_id_accounts_tenant_id_id_fk" FOREIGN KEY ("tenant_id","account_id") REFERENCES "public"."accounts"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "leases" ADD CONSTRAINT "leases_tenant_id_queue_id_queues_tenant_id_id_fk" FOREIGN KEY ("tenant_id","queue_id") REFERENCES "public"."queues"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "work_completions" ADD CONSTRAINT "work_completions_tenant_id_work_item_id_work_items_tenant_id_id_fk" FOREIGN KEY ("tenant_id","work_item_id") REFERENCES "public"."work_items"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "work_completions" ADD CONSTRAINT "work_completions_tenant_id_lease_id_leases_tenant_id_id_fk" FOREIGN KEY ("tenant_id","lease_id") REFERENCES "public"."leases"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "work_items" ADD CONSTRAINT "work_items_tenant_id_queue_id_queues_tenant_id_id_fk" FOREIGN KEY ("tenant_id","queue_id") REFERENCES "public"."queues"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "work_items" ADD CONSTRAINT "work_items_tenant_id_account_id_accounts_tenant_id_id_fk" FOREIGN KEY ("tenant_id","account_id") REFERENCES "public"."accounts"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "work_items" ADD CONSTRAINT "work_items_tenant_id_placement_id_placements_tenant_id_id_fk" FOREIGN KEY ("tenant_id","placement_id") REFERENCES "public"."placements"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "work_items" ADD CONSTRAINT "work_items_tenant_id_lease_id_leases_tenant_id_id_fk" FOREIGN KEY ("tenant_id","lease_id") REFERENCES "public"."leases"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invoice_settlements" ADD CONSTRAINT "invoice_settlements_tenant_id_invoice_id_invoices_tenant_id_id_fk" FOREIGN KEY ("tenant_id","invoice_id") REFERENCES "public"."invoices"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invoices" ADD CONSTRAINT "invoices_tenant_id_statement_id_statements_tenant_id_id_fk" FOREIGN KEY ("tenant_id","statement_id") REFERENCES "public"."statements"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invoices" ADD CONSTRAINT "invoices_tenant_id_credits_id_invoices_tenant_id_id_fk" FOREIGN KEY ("tenant_id","credits_id") REFERENCES "public"."invoices"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "remittance_runs" ADD CONSTRAINT "remittance_runs_tenant_id_lender_id_lenders_tenant_id_id_fk" FOREIGN KEY ("tenant_id","lender_id") REFERENCES "public"."lenders"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "remittance_schedules" ADD CONSTRAINT "remittance_schedules_tenant_id_lender_id_lenders_tenant_id_id_fk" FOREIGN KEY ("tenant_id","lender_id") REFERENCES "public"."lenders"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "remittances" ADD CONSTRAINT "remittances_tenant_id_statement_id_statements_tenant_id_id_fk" FOREIGN KEY ("tenant_id","statement_id") REFERENCES "public"."statements"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "remittances" ADD CONSTRAINT "remittances_tenant_id_entry_id_journal_entries_tenant_id_id_fk" FOREIGN KEY ("tenant_id","entry_id") REFERENCES "public"."journal_entries"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "statement_lines" ADD CONSTRAINT "statement_lines_tenant_id_entry_id_journal_entries_tenant_id_id_fk" FOREIGN KEY ("tenant_id","entry_id") REFERENCES "public"."journal_entries"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "statement_lines" ADD CONSTRAINT "statement_lines_tenant_id_statement_id_statements_tenant_id_id_fk" FOREIGN KEY ("tenant_id","statement_id") REFERENCES "public"."statements"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "statement_lines" ADD CONSTRAINT "statement_lines_tenant_id_invoice_id_invoices_tenant_id_id_fk" FOREIGN KEY ("tenant_id","invoice_id") REFERENCES "public"."invoices"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "statement_lines" ADD CONSTRAINT "statement_lines_tenant_id_account_id_accounts_tenant_id_id_fk" FOREIGN KEY ("tenant_id","account_id") REFERENCES "public"."accounts"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "statements" ADD CONSTRAINT "statements_tenant_id_lender_id_lenders_tenant_id_id_fk" FOREIGN KEY ("tenant_id","lender_id") REFERENCES "public"."lenders"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "retention_deadlines" ADD CONSTRAINT "retention_deadlines_tenant_id_account_id_accounts_tenant_id_id_fk" FOREIGN KEY ("tenant_id","account_id") REFERENCES "public"."accounts"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "retention_parties" ADD CONSTRAINT "retention_parties_tenant_id_account_id_accounts_tenant_id_id_fk" FOREIGN KEY ("tenant_id","account_id") REFERENCES "public"."accounts"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "retention_parties" ADD CONSTRAINT "retention_parties_tenant_id_party_id_parties_tenant_id_id_fk" FOREIGN KEY ("tenant_id","party_id") REFERENCES "public"."parties"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "retentions" ADD CONSTRAINT "retentions_tenant_id_account_id_accounts_tenant_id_id_fk" FOREIGN KEY ("tenant_id","account_id") REFERENCES "public"."accounts"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "enrolments" ADD CONSTRAINT "enrolments_tenant_id_placement_id_placements_tenant_id_id_fk" FOREIGN KEY ("tenant_id","placement_id") REFERENCES "public"."placements"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "enrolments" ADD CONSTRAINT "enrolments_tenant_id_account_id_accounts_tenant_id_id_fk" FOREIGN KEY ("tenant_id","account_id") REFERENCES "public"."accounts"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "enrolments" ADD CONSTRAINT "enrolments_tenant_id_strategy_version_id_strategy_versions_tenant_id_id_fk" FOREIGN KEY ("tenant_id","strategy_version_id") REFERENCES "public"."strategy_versions"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "strategy_versions" ADD CONSTRAINT "strategy_versions_tenant_id_strategy_id_strategies_tenant_id_id_fk" FOREIGN KEY ("tenant_id","strategy_id") REFERENCES "public"."strategies"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "template_activations" ADD CONSTRAINT "template_activations_tenant_id_template_version_id_template_versions_tenant_id_id_fk" FOREIGN KEY ("tenant_id","template_version_id") REFERENCES "public"."template_versions"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "template_versions" ADD CONSTRAINT "template_versions_tenant_id_template_id_templates_tenant_id_id_fk" FOREIGN KEY ("tenant_id","template_id") REFERENCES "public"."templates"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "templates" ADD CONSTRAINT "templates_tenant_id_lender_id_lenders_tenant_id_id_fk" FOREIGN KEY ("tenant_id","lender_id") REFERENCES "public"."lenders"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_tenant_id_staff_id_staff_tenant_id_id_fk" FOREIGN KEY ("tenant_id","staff_id") REFERENCES "public"."staff"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "deliveries" ADD CONSTRAINT "deliveries_tenant_id_endpoint_id_webhook_endpoints_tenant_id_id_fk" FOREIGN KEY ("tenant_id","endpoint_id") REFERENCES "public"."webhook_endpoints"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "delivery_attempts" ADD CONSTRAINT "delivery_attempts_tenant_id_delivery_id_deliveries_tenant_id_id_fk" FOREIGN KEY ("tenant_id","delivery_id") REFERENCES "public"."deliveries"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_endpoints" ADD CONSTRAINT "webhook_endpoints_tenant_id_lender_id_lenders_tenant_id_id_fk" FOREIGN KEY ("tenant_id","lender_id") REFERENCES "public"."lenders"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "account_parties_tenant_id_party_id_index" ON "account_parties" USING btree ("tenant_id","party_id");--> statement-breakpoint
CREATE UNIQUE INDEX "accounts_tenant_id_lender_id_lender_reference_index" ON "accounts" USING btree ("tenant_id","lender_id","lender_reference");--> statement-breakpoint
CREATE INDEX "accounts_tenant_id_lender_id_id_index" ON "accounts" USING btree ("tenant_id","lender_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "adjustments_tenant_id_lender_id_reference_index" ON "adjustments" USING btree ("tenant_id","lender_id","reference") WHERE "adjustments"."reference" is not null;--> statement-breakpoint
CREATE INDEX "adjustments_tenant_id_account_id_id_index" ON "adjustments" USING btree ("tenant_id","account_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "bank_lines_tenant_id_account_key_index" ON "bank_lines" USING btree ("tenant_id","account","key");--> statement-breakpoint
CREATE INDEX "bank_lines_tenant_id_account_id_index" ON "bank_lines" USING btree ("tenant_id","account","id");--> statement-breakpoint
CREATE INDEX "bank_lines_tenant_id_bank_statement_id_id_index" ON "bank_lines" USING btree ("tenant_id","bank_statement_id","id");--> statement-breakpoint
CREATE INDEX "bank_lines_of_nobody" ON "bank_lines" USING btree ("tenant_id","id") WHERE "bank_lines"."matched_at" is null;--> statement-breakpoint
CREATE INDEX "bank_matches_tenant_id_bank_line_id_index" ON "bank_matches" USING btree ("tenant_id","bank_line_id");--> statement-breakpoint
CREATE UNIQUE INDEX "bank_statements_tenant_id_account_hash_index" ON "bank_statements" USING btree ("tenant_id","account","hash");--> statement-breakpoint
CREATE INDEX "bank_statements_tenant_id_account_id_index" ON "bank_statements" USING btree ("tenant_id","account","id");--> statement-breakpoint
CREATE UNIQUE INDEX "gateway_events_tenant_id_gateway_id_event_id_index" ON "gateway_events" USING btree ("tenant_id","gateway_id","event_id");--> statement-breakpoint
CREATE INDEX "charge_schedules_tenant_id_due_at_index" ON "charge_schedules" USING btree ("tenant_id","due_at");--> statement-breakpoint
CREATE UNIQUE INDEX "charges_tenant_id_account_id_kind_caused_by_index" ON "charges" USING btree ("tenant_id","account_id","kind","caused_by") WHERE "charges"."superseded_by" is null;--> statement-breakpoint
CREATE INDEX "charges_tenant_id_account_id_id_index" ON "charges" USING btree ("tenant_id","account_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "commission_entries_tenant_id_payment_id_kind_number_index" ON "commission_entries" USING btree ("tenant_id","payment_id","kind","number");--> statement-breakpoint
CREATE UNIQUE INDEX "commission_entries_tenant_id_placement_id_index" ON "commission_entries" USING btree ("tenant_id","placement_id");--> statement-breakpoint
CREATE INDEX "commission_entries_tenant_id_account_id_id_index" ON "commission_entries" USING btree ("tenant_id","account_id","id");--> statement-breakpoint
CREATE INDEX "commission_entries_tenant_id_lender_id_id_index" ON "commission_entries" USING btree ("tenant_id","lender_id","id");--> statement-breakpoint
CREATE INDEX "commission_entries_tenant_id_lender_id_effective_on_index" ON "commission_entries" USING btree ("tenant_id","lender_id","effective_on");--> statement-breakpoint
CREATE UNIQUE INDEX "commission_plans_tenant_id_lender_id_currency_version_index" ON "commission_plans" USING btree ("tenant_id","lender_id","currency","version");--> statement-breakpoint
CREATE INDEX "commission_plans_tenant_id_lender_id_id_index" ON "commission_plans" USING btree ("tenant_id","lender_id","id");--> statement-breakpoint
CREATE INDEX "complaints_tenant_id_account_id_id_index" ON "complaints" USING btree ("tenant_id","account_id","id");--> statement-breakpoint
CREATE INDEX "complaints_tenant_id_lender_id_id_index" ON "complaints" USING btree ("tenant_id","lender_id","id");--> statement-breakpoint
CREATE INDEX "complaints_tenant_id_staff_id_id_index" ON "complaints" USING btree ("tenant_id","staff_id","id");--> statement-breakpoint
CREATE INDEX "complaints_tenant_id_party_id_index" ON "complaints" USING btree ("tenant_id","party_id");--> statement-breakpoint
CREATE INDEX "complaints_tenant_id_received_on_index" ON "complaints" USING btree ("tenant_id","received_on");--> statement-breakpoint
CREATE INDEX "complaints_tenant_id_due_at_index" ON "complaints" USING btree ("tenant_id","due_at");--> statement-breakpoint
CREATE INDEX "hardship_assessments_tenant_id_account_id_id_index" ON "hardship_assessments" USING btree ("tenant_id","account_id","id");--> statement-breakpoint
CREATE INDEX "hardship_assessments_tenant_id_party_id_id_index" ON "hardship_assessments" USING btree ("tenant_id","party_id","id");--> statement-breakpoint
CREATE INDEX "hardship_assessments_tenant_id_due_at_index" ON "hardship_assessments" USING btree ("tenant_id","due_at");--> statement-breakpoint
CREATE INDEX "contact_attempt_debts_tenant_id_account_id_contact_attempt_id_index" ON "contact_attempt_debts" USING btree ("tenant_id","account_id","contact_attempt_id");--> statement-breakpoint
CREATE UNIQUE INDEX "contact_attempts_tenant_id_message_id_index" ON "contact_attempts" USING btree ("tenant_id","message_id");--> statement-breakpoint
CREATE INDEX "contact_attempts_tenant_id_party_id_index" ON "contact_attempts" USING btree ("tenant_id","party_id");--> statement-breakpoint
CREATE INDEX "contact_attempts_tenant_id_person_key_at_index" ON "contact_attempts" USING btree ("tenant_id","person_key","at");--> statement-breakpoint
CREATE INDEX "contact_attempts_tenant_id_value_index_at_index" ON "contact_attempts" USING btree ("tenant_id","value_index","at");--> statement-breakpoint
CREATE INDEX "contact_attempts_tenant_id_account_id_id_index" ON "contact_attempts" USING btree ("tenant_id","account_id","id");--> statement-breakpoint
CREATE INDEX "contact_attempts_tenant_id_due_at_index" ON "contact_attempts" USING btree ("tenant_id","due_at");--> statement-breakpoint
CREATE INDEX "contact_attempts_tenant_id_at_index" ON "contact_attempts" USING btree ("tenant_id","at");--> statement-breakpoint
CREATE INDEX "gateways_id_index" ON "gateways" USING btree ("id");--> statement-breakpoint
CREATE UNIQUE INDEX "gateways_tenant_id_channel_index" ON "gateways" USING btree ("tenant_id","channel") WHERE state = 'active';--> statement-breakpoint
CREATE UNIQUE INDEX "journal_entries_tenant_id_cause_id_kind_index" ON "journal_entries" USING btree ("tenant_id","cause_id","kind");--> statement-breakpoint
CREATE UNIQUE INDEX "journal_entries_tenant_id_reversal_of_index" ON "journal_entries" USING btree ("tenant_id","reversal_of") WHERE "journal_entries"."reversal_of" is not null;--> statement-breakpoint
CREATE INDEX "journal_entries_tenant_id_account_id_id_index" ON "journal_entries" USING btree ("tenant_id","account_id","id");--> statement-breakpoint
CREATE INDEX "journal_entries_of_money" ON "journal_entries" USING btree ("tenant_id","lender_id","id") WHERE kind not in ('placement', 'accrual', 'lateFee', 'cost', 'waiver', 'adjustment', 'recall', 'writeOff', 'clearing', 'clearingReversal', 'discount', 'balanceAdjustment', 'adjustmentReversal', 'refund', 'refundLost');--> statement-breakpoint
CREATE INDEX "postings_tenant_id_lender_id_index" ON "postings" USING btree ("tenant_id","lender_id");--> statement-breakpoint
CREATE INDEX "postings_of_trust" ON "postings" USING btree ("tenant_id","lender_id","currency") WHERE left(debit, 1) in ('T', 'O');--> statement-breakpoint
CREATE INDEX "postings_of_bank" ON "postings" USING btree ("tenant_id","effective_on","entry_id") WHERE 'T.BANK' in (debit, credit);--> statement-breakpoint
CREATE INDEX "postings_of_shortfalls" ON "postings" USING btree ("tenant_id","currency") WHERE 'T.CLIENT_DUE' in (debit, credit);--> statement-breakpoint
CREATE UNIQUE INDEX "trust_cures_tenant_id_lender_id_reference_index" ON "trust_cures" USING btree ("tenant_id","lender_id","reference");--> statement-breakpoint
CREATE INDEX "trust_cures_tenant_id_reference_index" ON "trust_cures" USING btree ("tenant_id","reference");--> statement-breakpoint
CREATE INDEX "trust_cures_tenant_id_lender_id_id_index" ON "trust_cures" USING btree ("tenant_id","lender_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "agreements_tenant_id_lender_id_currency_version_index" ON "agreements" USING btree ("tenant_id","lender_id","currency","version");--> statement-breakpoint
CREATE INDEX "agreements_tenant_id_lender_id_id_index" ON "agreements" USING btree ("tenant_id","lender_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "letters_of_message" ON "letters" USING btree ("tenant_id","message_id") WHERE "letters"."state" <> 'withdrawn';--> statement-breakpoint
CREATE INDEX "letters_tenant_id_message_id_id_index" ON "letters" USING btree ("tenant_id","message_id","id");--> statement-breakpoint
CREATE INDEX "letters_tenant_id_state_id_index" ON "letters" USING btree ("tenant_id","state","id");--> statement-breakpoint
CREATE INDEX "letters_tenant_id_account_id_id_index" ON "letters" USING btree ("tenant_id","account_id","id");--> statement-breakpoint
CREATE INDEX "letters_tenant_id_batch_id_id_index" ON "letters" USING btree ("tenant_id","batch_id","id");--> statement-breakpoint
CREATE INDEX "letters_tenant_id_party_id_index" ON "letters" USING btree ("tenant_id","party_id");--> statement-breakpoint
CREATE INDEX "letters_tenant_id_due_at_index" ON "letters" USING btree ("tenant_id","due_at");--> statement-breakpoint
CREATE INDEX "limitations_tenant_id_due_at_index" ON "limitations" USING btree ("tenant_id","due_at");--> statement-breakpoint
CREATE UNIQUE INDEX "call_tasks_tenant_id_enrolment_id_step_index" ON "call_tasks" USING btree ("tenant_id","enrolment_id","step");--> statement-breakpoint
CREATE INDEX "call_tasks_tenant_id_account_id_id_index" ON "call_tasks" USING btree ("tenant_id","account_id","id");--> statement-breakpoint
CREATE INDEX "call_tasks_tenant_id_due_at_index" ON "call_tasks" USING btree ("tenant_id","due_at");--> statement-breakpoint
CREATE INDEX "call_tasks_open" ON "call_tasks" USING btree ("tenant_id","account_id") WHERE "call_tasks"."state" = 'open';--> statement-breakpoint
CREATE UNIQUE INDEX "messages_tenant_id_contact_point_id_enrolment_id_channel_step_index" ON "messages" USING btree ("tenant_id","contact_point_id","enrolment_id","channel","step");--> statement-breakpoint
CREATE INDEX "messages_tenant_id_account_id_id_index" ON "messages" USING btree ("tenant_id","account_id","id");--> statement-breakpoint
CREATE INDEX "messages_tenant_id_due_at_index" ON "messages" USING btree ("tenant_id","due_at");--> statement-breakpoint
CREATE INDEX "messages_waiting" ON "messages" USING btree ("tenant_id","person_key","lender_id") WHERE "messages"."due_at" is not null;--> statement-breakpoint
CREATE INDEX "messages_bundled" ON "messages" USING btree ("tenant_id","bundle_id") WHERE "messages"."bundle_id" is not null;--> statement-breakpoint
CREATE INDEX "messages_tenant_id_provider_id_index" ON "messages" USING btree ("tenant_id","provider_id");--> statement-breakpoint
CREATE INDEX "consents_tenant_id_value_index_channel_at_index" ON "consents" USING btree ("tenant_id","value_index","channel","at");--> statement-breakpoint
CREATE INDEX "contact_hours_tenant_id_person_key_id_index" ON "contact_hours" USING btree ("tenant_id","person_key","id");--> statement-breakpoint
CREATE INDEX "contact_points_tenant_id_party_id_index" ON "contact_points" USING btree ("tenant_id","party_id");--> statement-breakpoint
CREATE INDEX "contact_points_tenant_id_value_index_index" ON "contact_points" USING btree ("tenant_id","value_index");--> statement-breakpoint
CREATE INDEX "parties_tenant_id_identity_index_index" ON "parties" USING btree ("tenant_id","identity_index");--> statement-breakpoint
CREATE INDEX "reveals_tenant_id_party_id_id_index" ON "reveals" USING btree ("tenant_id","party_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "corrections_tenant_id_account_id_cause_id_cause_index" ON "corrections" USING btree ("tenant_id","account_id","cause_id","cause");--> statement-breakpoint
CREATE INDEX "corrections_tenant_id_account_id_id_index" ON "corrections" USING btree ("tenant_id","account_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "payment_reversals_tenant_id_id_index" ON "payment_reversals" USING btree ("tenant_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "payments_tenant_id_lender_id_reference_index" ON "payments" USING btree ("tenant_id","lender_id","reference") WHERE "payments"."reference" is not null;--> statement-breakpoint
CREATE INDEX "payments_tenant_id_reference_index" ON "payments" USING btree ("tenant_id","reference") WHERE "payments"."reference" is not null;--> statement-breakpoint
CREATE INDEX "payments_tenant_id_account_id_id_index" ON "payments" USING btree ("tenant_id","account_id","id");--> statement-breakpoint
CREATE INDEX "payments_tenant_id_lender_id_id_index" ON "payments" USING btree ("tenant_id","lender_id","id");--> statement-breakpoint
CREATE INDEX "payments_tenant_id_due_at_index" ON "payments" USING btree ("tenant_id","due_at") WHERE "payments"."due_at" is not null;--> statement-breakpoint
CREATE INDEX "payments_tenant_id_receipt_id_index" ON "payments" USING btree ("tenant_id","receipt_id") WHERE "payments"."receipt_id" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "receipts_tenant_id_reference_index" ON "receipts" USING btree ("tenant_id","reference");--> statement-breakpoint
CREATE INDEX "receipts_open" ON "receipts" USING btree ("tenant_id","id") WHERE amount > applied + returned;--> statement-breakpoint
CREATE INDEX "recomputations_tenant_id_due_at_index" ON "recomputations" USING btree ("tenant_id","due_at");--> statement-breakpoint
CREATE UNIQUE INDEX "refunds_tenant_id_lender_id_reference_index" ON "refunds" USING btree ("tenant_id","lender_id","reference") WHERE "refunds"."reference" is not null;--> statement-breakpoint
CREATE INDEX "refunds_tenant_id_reference_index" ON "refunds" USING btree ("tenant_id","reference") WHERE "refunds"."reference" is not null;--> statement-breakpoint
CREATE INDEX "refunds_tenant_id_payment_id_id_index" ON "refunds" USING btree ("tenant_id","payment_id","id");--> statement-breakpoint
CREATE INDEX "column_mappings_tenant_id_lender_id_id_index" ON "column_mappings" USING btree ("tenant_id","lender_id","id");--> statement-breakpoint
CREATE INDEX "placement_batches_tenant_id_lender_id_id_index" ON "placement_batches" USING btree ("tenant_id","lender_id","id");--> statement-breakpoint
CREATE INDEX "placement_batches_tenant_id_due_at_index" ON "placement_batches" USING btree ("tenant_id","due_at");--> statement-breakpoint
CREATE UNIQUE INDEX "placements_tenant_id_account_id_placement_number_index" ON "placements" USING btree ("tenant_id","account_id","placement_number");--> statement-breakpoint
CREATE INDEX "placements_tenant_id_lender_id_id_index" ON "placements" USING btree ("tenant_id","lender_id","id");--> statement-breakpoint
CREATE INDEX "placements_tenant_id_due_at_index" ON "placements" USING btree ("tenant_id","due_at");--> statement-breakpoint
CREATE INDEX "policy_exemptions_tenant_id_expires_on_index" ON "policy_exemptions" USING btree ("tenant_id","expires_on");--> statement-breakpoint
CREATE UNIQUE INDEX "promises_one_open" ON "promises" USING btree ("tenant_id","account_id") WHERE state = 'open';--> statement-breakpoint
CREATE INDEX "promises_tenant_id_account_id_id_index" ON "promises" USING btree ("tenant_id","account_id","id");--> statement-breakpoint
CREATE INDEX "promises_tenant_id_lender_id_id_index" ON "promises" USING btree ("tenant_id","lender_id","id");--> statement-breakpoint
CREATE INDEX "promises_tenant_id_due_at_index" ON "promises" USING btree ("tenant_id","due_at") WHERE "promises"."due_at" is not null;--> statement-breakpoint
CREATE INDEX "disputes_tenant_id_account_id_id_index" ON "disputes" USING btree ("tenant_id","account_id","id");--> statement-breakpoint
CREATE INDEX "disputes_tenant_id_lender_id_id_index" ON "disputes" USING btree ("tenant_id","lender_id","id");--> statement-breakpoint
CREATE INDEX "disputes_of_parts" ON "disputes" USING btree ("tenant_id","account_id") WHERE disputed is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "disputes_one_open" ON "disputes" USING btree ("tenant_id","account_id") WHERE state = 'open';--> statement-breakpoint
CREATE INDEX "holds_tenant_id_account_id_id_index" ON "holds" USING btree ("tenant_id","account_id","id");--> statement-breakpoint
CREATE INDEX "holds_tenant_id_lender_id_id_index" ON "holds" USING btree ("tenant_id","lender_id","id");--> statement-breakpoint
CREATE INDEX "holds_tenant_id_due_at_index" ON "holds" USING btree ("tenant_id","due_at");--> statement-breakpoint
CREATE INDEX "leases_tenant_id_due_at_index" ON "leases" USING btree ("tenant_id","due_at") WHERE "leases"."due_at" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "queues_tenant_id_name_index" ON "queues" USING btree ("tenant_id","name");--> statement-breakpoint
CREATE INDEX "queues_tenant_id_due_at_index" ON "queues" USING btree ("tenant_id","due_at");--> statement-breakpoint
CREATE INDEX "work_completions_tenant_id_work_item_id_id_index" ON "work_completions" USING btree ("tenant_id","work_item_id","id");--> statement-breakpoint
CREATE INDEX "work_completions_tenant_id_account_id_index" ON "work_completions" USING btree ("tenant_id","account_id");--> statement-breakpoint
CREATE UNIQUE INDEX "work_items_tenant_id_queue_id_account_id_placement_id_index" ON "work_items" USING btree ("tenant_id","queue_id","account_id","placement_id");--> statement-breakpoint
CREATE INDEX "work_items_ready" ON "work_items" USING btree ("tenant_id","queue_id","zone","priority" DESC NULLS FIRST,"id") WHERE "work_items"."state" = 'ready';--> statement-breakpoint
CREATE INDEX "work_items_tenant_id_due_at_index" ON "work_items" USING btree ("tenant_id","due_at") WHERE "work_items"."due_at" is not null;--> statement-breakpoint
CREATE INDEX "work_items_leased" ON "work_items" USING btree ("tenant_id","lease_id") WHERE "work_items"."state" = 'leased';--> statement-breakpoint
CREATE INDEX "reference_rates_tenant_id_name_effective_on_id_index" ON "reference_rates" USING btree ("tenant_id","name","effective_on","id");--> statement-breakpoint
CREATE INDEX "reference_rates_tenant_id_name_id_index" ON "reference_rates" USING btree ("tenant_id","name","id");--> statement-breakpoint
CREATE UNIQUE INDEX "invoice_settlements_tenant_id_lender_id_reference_index" ON "invoice_settlements" USING btree ("tenant_id","lender_id","reference") WHERE "invoice_settlements"."reference" is not null;--> statement-breakpoint
CREATE INDEX "invoice_settlements_tenant_id_invoice_id_id_index" ON "invoice_settlements" USING btree ("tenant_id","invoice_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "invoices_tenant_id_kind_number_index" ON "invoices" USING btree ("tenant_id","kind","number");--> statement-breakpoint
CREATE INDEX "invoices_tenant_id_lender_id_id_index" ON "invoices" USING btree ("tenant_id","lender_id","id");--> statement-breakpoint
CREATE INDEX "invoices_tenant_id_credits_id_index" ON "invoices" USING btree ("tenant_id","credits_id");--> statement-breakpoint
CREATE INDEX "remittance_runs_tenant_id_due_at_index" ON "remittance_runs" USING btree ("tenant_id","due_at");--> statement-breakpoint
CREATE UNIQUE INDEX "remittance_schedules_tenant_id_lender_id_currency_index" ON "remittance_schedules" USING btree ("tenant_id","lender_id","currency");--> statement-breakpoint
CREATE INDEX "remittance_schedules_tenant_id_lender_id_id_index" ON "remittance_schedules" USING btree ("tenant_id","lender_id","id");--> statement-breakpoint
CREATE INDEX "remittance_schedules_tenant_id_due_at_index" ON "remittance_schedules" USING btree ("tenant_id","due_at");--> statement-breakpoint
CREATE UNIQUE INDEX "remittances_tenant_id_statement_id_index" ON "remittances" USING btree ("tenant_id","statement_id");--> statement-breakpoint
CREATE INDEX "remittances_tenant_id_lender_id_id_index" ON "remittances" USING btree ("tenant_id","lender_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "statement_lines_tenant_id_statement_id_line_index" ON "statement_lines" USING btree ("tenant_id","statement_id","line");--> statement-breakpoint
CREATE UNIQUE INDEX "statements_tenant_id_number_index" ON "statements" USING btree ("tenant_id","number");--> statement-breakpoint
CREATE UNIQUE INDEX "statements_tenant_id_lender_id_currency_to_on_index" ON "statements" USING btree ("tenant_id","lender_id","currency","to_on");--> statement-breakpoint
CREATE INDEX "statements_tenant_id_lender_id_id_index" ON "statements" USING btree ("tenant_id","lender_id","id");--> statement-breakpoint
CREATE INDEX "retention_parties_tenant_id_party_id_index" ON "retention_parties" USING btree ("tenant_id","party_id");--> statement-breakpoint
CREATE INDEX "retentions_tenant_id_due_at_index" ON "retentions" USING btree ("tenant_id","due_at") WHERE "retentions"."due_at" is not null;--> statement-breakpoint
CREATE INDEX "retentions_ending" ON "retentions" USING btree ("tenant_id","ends_at","account_id") WHERE "retentions"."due_at" is not null;--> statement-breakpoint
CREATE INDEX "resealings_tenant_id_due_at_index" ON "resealings" USING btree ("tenant_id","due_at");--> statement-breakpoint
CREATE UNIQUE INDEX "enrolments_open" ON "enrolments" USING btree ("tenant_id","placement_id") WHERE "enrolments"."ended_at" is null;--> statement-breakpoint
CREATE INDEX "enrolments_tenant_id_account_id_id_index" ON "enrolments" USING btree ("tenant_id","account_id","id");--> statement-breakpoint
CREATE INDEX "template_activations_tenant_id_template_version_id_index" ON "template_activations" USING btree ("tenant_id","template_version_id");--> statement-breakpoint
CREATE INDEX "templates_tenant_id_code_id_index" ON "templates" USING btree ("tenant_id","code","id");--> statement-breakpoint
CREATE UNIQUE INDEX "api_keys_hash_index" ON "api_keys" USING btree ("hash");--> statement-breakpoint
CREATE UNIQUE INDEX "staff_tenant_id_email_index_index" ON "staff" USING btree ("tenant_id","email_index");--> statement-breakpoint
CREATE UNIQUE INDEX "test_clocks_tenant_id_index" ON "test_clocks" USING btree ("tenant_id");--> statement-breakpoint
CREATE INDEX "test_clocks_tenant_id_due_at_index" ON "test_clocks" USING btree ("tenant_id","due_at");--> statement-breakpoint
CREATE UNIQUE INDEX "deliveries_tenant_id_endpoint_id_event_sequence_index" ON "deliveries" USING btree ("tenant_id","endpoint_id","event_sequence");--> statement-breakpoint
CREATE INDEX "deliveries_tenant_id_endpoint_id_next_attempt_at_event_sequence_index" ON "deliveries" USING btree ("tenant_id","endpoint_id","next_attempt_at","event_sequence") WHERE next_attempt_at is not null;--> statement-breakpoint
CREATE INDEX "webhook_endpoints_tenant_id_lender_id_id_index" ON "webhook_endpoints" USING btree ("tenant_id","lender_id","id");--> statement-breakpoint
CREATE INDEX "webhook_endpoints_tenant_id_due_at_index" ON "webhook_endpoints" USING btree ("tenant_id","due_at");--> statement-breakpoint
CREATE UNIQUE INDEX "events_tenant_id_id_index" ON "events" USING btree ("tenant_id","id");--> statement-breakpoint
CREATE INDEX "events_tenant_id_account_id_sequence_index" ON "events" USING btree ("tenant_id","account_id","sequence");--> statement-breakpoint
CREATE INDEX "events_tenant_id_lender_id_lender_sequence_index" ON "events" USING btree ("tenant_id","lender_id","lender_sequence");--> statement-breakpoint
CREATE INDEX "idempotency_keys_created_at_index" ON "idempotency_keys" USING btree ("created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "mailbox_tenant_id_key_index" ON "mailbox" USING btree ("tenant_id","key");