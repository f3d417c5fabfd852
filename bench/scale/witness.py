"""Triggers in PostgreSQL that see who writes: each process is known there by the name of its connections, not by what
attitre says of itself. Whoever writes for a practice whose lease another process took since is found out."""

from __future__ import annotations

from bench.scale.postgres import Postgres

_WATCHED = ("booking", "message", "resource", "edit", "calendar")
_PREPARE = """
create table witness_holder (practice text primary key, fence bigint, who text);
create table witness_stale (practice text, what text, who text, holder text, fence bigint);
create sequence witness_writes;
create function witness_claim() returns trigger language plpgsql security definer as $$
begin
  if tg_op = 'INSERT' or new.fence is distinct from old.fence then
    insert into witness_holder values (new.practice, new.fence, current_setting('application_name'))
    on conflict (practice) do update set fence = excluded.fence, who = excluded.who;
  end if;
  return null;
end $$;
create function witness_write() returns trigger language plpgsql security definer as $$
declare holder witness_holder;
begin
  perform nextval('witness_writes');
  select * into holder from witness_holder where practice = new.practice;
  if holder.who is distinct from current_setting('application_name') then
    insert into witness_stale values
      (new.practice, tg_table_name, current_setting('application_name'), holder.who, holder.fence);
  end if;
  return null;
end $$;
create trigger witness after insert or update on lease for each row execute function witness_claim();
"""


class Witness:
    """Watches from its making to `close`."""

    def __init__(self, server: Postgres) -> None:
        self._server = server
        server.ask(_PREPARE)
        for table in _WATCHED:
            server.ask(f"create trigger witness after insert or update on {table} for each row "
                       "execute function witness_write()")  # fmt: skip

    def found(self) -> tuple[int, int]:
        """Rows that were written from a stale fence, and rows that were looked at."""
        [(stale,)] = self._server.ask("select count(*) from witness_stale")
        [(watched,)] = self._server.ask("select last_value from witness_writes")
        return int(stale), int(watched)

    def close(self) -> None:
        """Watch no more."""
        self._server.ask("drop function witness_claim cascade; drop function witness_write cascade")
        self._server.ask("drop table witness_holder, witness_stale")
        self._server.ask("drop sequence witness_writes")
