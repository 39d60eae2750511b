#!/usr/bin/env bash
# Makes the login in each `<name>_database_url`, as a member of the role whose rights the migrations give: redirect_login
# in terse_redirect, with the bounds of time that packages/runtime/statement-timeouts.ts has. The owner may migrate, and
# belongs to none.
set -euo pipefail

declare -A timeouts=([redirect]=2s [links]=10s [stats]=10s [visit_writer]=30s [counter_flush]=60s)

for secret in /run/secrets/*_database_url; do
  name=$(basename "$secret" _database_url)
  credentials=$(sed -E 's|^[a-z]+://([^@]+)@.*$|\1|' "$secret")
  echo "Making the login ${credentials%%:*}"
  psql --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    --set database="$POSTGRES_DB" --set role="terse_$name" \
    --set timeout="${timeouts[$name]:-0}" --set login="${credentials%%:*}" --set password="${credentials#*:}" <<'SQL'
    create role :"login" login password :'password';
    select :'role' = 'terse_owner' as is_owner \gset
    \if :is_owner
      -- The migrations make the roles of functions where they are not there yet.
      alter role :"login" createrole;
      alter database :"database" owner to :"login";
    \else
      select format('create role %I nologin', :'role') where to_regrole(:'role') is null \gexec
      grant :"role" to :"login";
      alter role :"login" set statement_timeout = :'timeout';
      alter role :"login" set idle_in_transaction_session_timeout = :'timeout';
    \endif
SQL
done
