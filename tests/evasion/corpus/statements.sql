-- One attack per `--- name` line; sent as one simple Query unless the framing says otherwise.
--- drop_plain
DROP TABLE guarded
--- drop_comments
drop/**/table/* /* nested */ ' */guarded
--- drop_line_comment
drop -- '
table -- ;
guarded
--- drop_spaces
dRoP	TaBlE
"guarded"
--- drop_unicode_identifier
DROP TABLE U&"\0067uarded"
--- drop_unicode_uescape
DROP TABLE U&"!0067!+000075arded" UESCAPE '!'
--- drop_qualified
drop table shop.public.guarded cascade
--- drop_empty_statements
;;/**/;drop table guarded;;
--- drop_behind_select
select 1; drop table guarded
--- drop_behind_dollar_quote
select $a$ ' $b$ $a$; drop table guarded; -- '
--- drop_behind_unclosed_looking_string
select 'a''; select ', 1; drop table guarded; --'
--- drop_behind_escape_string
select E'a\\'; drop table guarded; --'
--- drop_behind_unicode_string
select U&'\0027'; drop table guarded; --'
--- drop_behind_continued_string
select 'a'
'b'; drop table guarded; --'
--- drop_in_transaction
begin; drop table guarded; commit
--- drop_after_savepoint
begin; savepoint s; rollback to s; drop table guarded; commit
--- drop_among_many
drop table if exists nothing, guarded
--- drop_schema
drop schema public cascade
--- drop_owned
drop owned by app cascade
--- drop_view
drop view guarded_view
--- drop_function
drop function peek()
--- drop_sequence
drop sequence guarded_seq
--- drop_behind_oversize_comment
select 1 /*@PADDING@*/; drop table guarded
--- truncate
truncate guarded
--- truncate_only
truncate table only accounts, guarded restart identity
--- delete_all
delete from guarded
--- delete_true
delete from only public.guarded as g where g.id is not null
--- delete_using
delete from guarded using accounts where guarded.id = accounts.id
--- delete_in_with
with d as (delete from guarded returning id) select count(*) from d
--- delete_in_second_with
with a as (select 1), d as materialized (delete from guarded returning *) select * from a
--- delete_by_explain
explain analyze delete from guarded
--- delete_by_explain_options
explain (costs off, analyze true, buffers) delete from guarded
--- delete_prepared
prepare p as delete from guarded; execute p
--- delete_prepared_explain
prepare p as delete from guarded; explain analyze execute p
--- delete_by_view
delete from guarded_view
--- delete_cascade
delete from parent
--- update_all
update guarded set note = null
--- update_in_with
with u as (update guarded set note = 'x' returning 1) select 1
--- merge_delete
merge into guarded g using accounts a on g.id = a.id when matched then delete
--- insert_into_guarded
insert into guarded values (9, 'x')
--- insert_on_conflict
insert into guarded values (1, 'x') on conflict (id) do update set note = excluded.note
--- copy_from_program
copy events(kind) from program 'touch @OUT@/copy_from; echo x'
--- copy_to_program
copy accounts to program 'cat > @OUT@/copy_to'
--- copy_query_to_program
copy (select 1) to program 'touch @OUT@/copy_query'
--- copy_to_file
copy accounts to '@OUT@/copied'
--- copy_select_wipe
copy (select wipe()) to stdout
--- copy_delete
copy (delete from guarded returning 1) to stdout
--- copy_where
begin; copy secrets to stdout; commit
--- do_plain
do $$ begin delete from guarded; end $$
--- do_execute
do $x$ begin execute 'del' || 'ete from guarded'; end $x$
--- do_execute_format
do $x$ begin execute format('drop %s %I', 'table', 'guarded'); end $x$
--- do_escape_body
do language plpgsql E'begin execute ''\x64elete from guarded''; end'
--- do_chr
do $x$ begin execute chr(100)||'rop table guarded'; end $x$
--- function_body
create function f() returns int language sql as 'drop table guarded; select 1'; select f()
--- function_temp
create function pg_temp.f() returns void language plpgsql as 'begin delete from guarded; end'; select pg_temp.f()
--- procedure
call wipe_procedure()
--- call_select
select wipe()
--- call_from
select * from wipe()
--- call_rows_from
select * from rows from (wipe(), generate_series(1, 2)) x
--- call_where
select count(*) from accounts where wipe() is not null
--- call_order
select id from accounts order by wipe()
--- call_limit
select id from accounts limit wipe()
--- call_having
select count(*) from accounts having wipe() = 1
--- call_case
select case when true then wipe() end
--- call_coalesce
select coalesce(null, wipe())
--- call_array
select array[wipe()]
--- call_array_select
select array(select wipe())
--- call_subquery
select 1 where (select wipe()) = 1
--- call_lateral
select * from accounts a, lateral (select wipe_row(a)) x
--- call_values
values (wipe())
--- call_window
select sum(wipe()) over () from accounts
--- call_filter
select count(*) filter (where wipe() = 1) from accounts
--- call_sql_function
select wipe_sql()
--- call_immutable
select wipe_immutable(1)
--- call_qualified
select "public"."wipe"()
--- call_unicode
select U&"\0077ipe"()
--- call_cursor
begin; declare c cursor for select wipe(); fetch c; commit
--- call_execute_parameter
prepare q(int) as select $1; execute q(wipe())
--- call_insert_value
insert into events(kind) values (wipe()::text)
--- call_insert_returning
insert into events(kind) values ('x') returning wipe()
--- call_attribute_notation
select a.wipe_row from accounts a
--- call_attribute_notation_composite
select (a).wipe_row from accounts a
--- call_operator
select 1 @! 2
--- call_operator_qualified
select 1 operator(public.@!) 2
--- call_domain_cast
select 1::trapped_domain
--- call_domain_literal
select trapped_domain '1'
--- call_domain_array
select '{1}'::trapped_domain[]
--- call_domain_function_cast
select cast(id as trapped_domain) from accounts
--- call_domain_json
select * from json_to_recordset('[{"x":1}]') as t(x trapped_domain)
--- call_domain_column_list
select * from jsonb_to_record('{"x":1}') as t(x trapped_domain)
--- call_aggregate
select wipe_all(id) from accounts
--- call_by_xml
select query_to_xml('select wipe()', true, false, '')
--- call_by_xml_delete_name
select query_to_xml($q$select public.wipe()$q$, false, true, 'x')
--- call_by_ts_stat
select * from ts_stat('select wipe()::text::tsvector')
--- call_by_ts_rewrite
select ts_rewrite('a'::tsquery, 'select wipe()::text::tsquery, ''b''::tsquery')
--- call_by_view
select * from trapped_view
--- call_by_nested_view
table nested_view
--- call_by_view_column
select max(w) from nested_view
--- call_by_default
insert into trapped_default(kind) values ('x')
--- call_by_default_values
insert into trapped_default default values
--- call_by_trigger
insert into trapped_trigger values (1)
--- call_by_copy_trigger
copy trapped_trigger from stdin
--- call_by_rule
insert into trapped_rule values (1)
--- call_by_check
insert into trapped_check values (1)
--- call_by_matview <17
refresh materialized view shadow.trapped_matview
--- call_by_search_path
set search_path = shadow, public; select length_of('x')
--- call_by_set_config
select set_config('search_path', 'shadow,public', false); select length_of('x')
--- secret_select
select * from secrets
--- secret_table
table secrets
--- secret_by_view
select * from secret_view
--- secret_by_subquery
select (select token from secrets)
--- secret_by_join
select a.id, s.* from accounts a cross join public.secrets s
--- secret_by_function
select peek()
--- secret_by_definer
select peek_definer()
--- secret_by_xml
select table_to_xml('secrets', true, false, '')
--- secret_by_query_xml
select query_to_xml('select * from secrets', true, false, '')
--- secret_by_schema_xml
select schema_to_xml('public', true, false, '')
--- secret_by_search_path
set search_path = shadow; select * from accounts
--- secret_by_set_local
begin; set local search_path = shadow; select * from accounts; commit
--- secret_by_returning
insert into events(kind) values ('x') returning (select token from secrets)
--- secret_by_insert_select
insert into events(kind) select token from secrets returning kind
--- secret_by_whole_row
select secrets from secrets
--- secret_by_copy
copy secrets to stdout
--- secret_by_unicode
select * from U&"\0073ecrets"
--- secret_by_lateral
select x.token from accounts, lateral (select * from secrets) x
--- secret_by_union
select owner from accounts union all select token from secrets
--- secret_by_explain_free
select token::int from secrets
--- secret_by_inherit
select * from only (secrets)
--- secret_by_temp_table
create temp table t as select * from secrets; table t
--- secret_by_select_into
select * into temp t from secrets; select * from t
--- file_read
select pg_read_file('@OUT@/secret.txt')
--- file_read_binary
select convert_from(pg_read_binary_file('@OUT@/secret.txt'), 'UTF8')
--- file_copy_from
copy events(kind) from '@OUT@/secret.txt'; select kind from events
--- file_lo_import
select lo_import('@OUT@/secret.txt')
--- file_lo_export
select lo_export(7411, '@OUT@/exported')
--- lo_unlink
select lo_unlink(7411)
--- lo_put
select lo_put(7411, 0, 'x')
--- lo_create
select lo_create(0)
--- sequence_setval
select setval('guarded_seq', 999)
--- sequence_nextval
select nextval('guarded_seq')
--- alter_rename
alter table guarded rename to kept
--- alter_column
alter table guarded drop column note
--- alter_owner
alter table guarded owner to postgres
--- alter_schema
alter table guarded set schema shadow
--- alter_system
alter system set work_mem = '65MB'
--- alter_role
alter role app password 'x'
--- alter_role_set
alter role app set search_path = shadow
--- alter_database_set
alter database shop set search_path = shadow
--- alter_function
alter function peek() owner to postgres
--- alter_default_privileges
alter default privileges grant all on tables to public
--- create_table
create table mine(id int)
--- create_table_as
create table mine as select 1
--- select_into
select 1 as one into mine
--- create_view
create view mine as select * from accounts
--- replace_view
create or replace view guarded_view as select id, note from viewed where false
--- create_rule
create rule r2 as on insert to events do also delete from guarded
--- create_trigger
create trigger t2 after insert on events for each row execute function wipe_trigger()
--- create_policy
create policy p on guarded using (true)
--- create_event_trigger
create function et() returns event_trigger language plpgsql as 'begin end'; create event trigger e on ddl_command_start execute function et()
--- create_extension
create extension dblink
--- create_language_function
create function c() returns int language internal as 'pg_backend_pid'
--- create_cast
create cast (accounts as int) with function wipe_row(accounts) as implicit
--- create_role
create role mole superuser login
--- create_publication
create publication p for all tables
--- create_server
create extension if not exists postgres_fdw; create server s foreign data wrapper postgres_fdw
--- create_schema_elements
create schema mine create table t(id int)
--- grant_table
grant all on guarded to public
--- grant_role
grant pg_read_server_files to pg_monitor
--- revoke
revoke all on accounts from public
--- comment
comment on table guarded is 'x'
--- reassign
reassign owned by app to postgres
--- set_role
set role postgres; delete from guarded
--- set_session_authorization
set session authorization postgres; delete from guarded
--- set_conforming_strings
set standard_conforming_strings = off; select 'a\'; delete from guarded; --'
--- set_replication_role
set session_replication_role = replica; delete from guarded
--- read_only_off
set transaction read write; delete from guarded
--- terminate
select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'victim'
--- cancel_backend
select pg_cancel_backend(pid) from pg_stat_activity where application_name = 'victim'
--- lock_then_delete
begin; lock table guarded in access exclusive mode; delete from guarded; commit
--- delete_commit_chain
begin; delete from guarded; commit and chain; rollback
--- nested_parentheses
select @DEEP@wipe()@PEED@
--- call_default_on_delete
delete from own.parent where id = 2
--- call_default_on_update
update own.parent set id = 3 where id = 2
--- own_rename_over_select
create table own.plain(token text); drop table own.plain; alter view own.secret_view rename to plain; select * from own.plain
--- call_opclass_distinct
select distinct c from odds
--- call_opclass_order
select n from odds order by c
--- call_opclass_group
select count(*) from odds group by c
--- call_opclass_union
select c from odds union select c from odds
--- call_opclass_window
select rank() over (order by c) from odds
--- call_opclass_greatest
select greatest(row(1)::odd, row(2)::odd)
--- call_row_cast
select a::json from accounts a
--- call_range_domain
select '[1,2]'::trapped_range
--- call_json_array_of_old <16
select json_array(1, 2)
--- call_json_object_of_old <16
select json_object(1)
--- call_input_is_valid >=16
select pg_input_is_valid('1', 'trapped_domain')
--- call_input_error_info >=16
select * from pg_input_error_info('1', 'trapped_domain')
--- cursor_search_path
begin; declare c cursor for select set_config('search_path', 'shadow', false); fetch c; select * from accounts; commit
--- settings_search_path
update pg_settings set setting = 'shadow' where name = 'search_path'; select * from accounts
--- settings_view_search_path
update settings_view set setting = 'shadow' where name = 'search_path'; select * from accounts
--- system_table_delete
delete from pg_trigger where tgname = 't'
--- system_table_update
update pg_proc set prosrc = 'begin return 2; end' where proname = 'wipe'
--- system_table_authid
update pg_authid set rolpassword = 'x' where rolname = 'app'
--- system_table_insert
insert into pg_auth_members(roleid, member, grantor) select a.oid, b.oid, 10 from pg_authid a, pg_authid b where a.rolname = 'pg_monitor' and b.rolname = 'app' and false; update pg_class set relrowsecurity = true where relname = 'guarded'
--- secret_by_statistics
select most_common_vals::text from pg_stats where tablename = 'copies'
--- secret_by_statistic_table
select stavalues1::text from pg_statistic where starelid = 'shadow.copies'::regclass
--- create_view_of_secret_temp
create temp view accounts as select token from secrets; select * from accounts
--- rename_then_select
alter table secrets rename to harmless; select * from harmless
--- load
load 'plpgsql'; comment on table guarded is 'x'
--- listen_then_drop
listen x; drop table guarded
--- truncated_identifier
create table guarded_with_a_name_that_is_longer_than_sixty_three_bytes_so_it_is_cut(id int)
--- drop_case_folded
drop table GUARDED
--- drop_unicode_view
drop view U&"guarded\005fview"
--- alter_generated
alter table events add column g int generated always as (1) stored
--- create_index_expression <17
create index on accounts (wipe_immutable(id))
--- pg_temp_function
create function pg_temp.length(text) returns int language sql as 'delete from guarded; select 1'; select pg_temp.length('x')
--- savepoint_read_write
begin read write; delete from guarded; commit
--- characteristics
set session characteristics as transaction read write; delete from guarded
--- set_config_read_only
select set_config('transaction_read_only', 'off', true); delete from guarded
--- reset_all_then_delete
reset all; delete from guarded
--- discard_all_role
alter role app set default_transaction_read_only = off
--- merge_not_matched
merge into guarded g using accounts a on false when not matched then insert values (a.id + 100, 'x')
--- copy_from_stdin_rule
copy trapped_default(kind) from stdin
--- attribute_of_a_value
select ('select to_tsvector(wipe_text())'::text).ts_stat
--- attribute_of_a_value_reads
select ('select array_to_tsvector(array[token]) from secrets'::text).ts_stat
--- attribute_of_a_function_alias
select s.ts_stat from unnest(array['select to_tsvector(wipe()::text)']) s
--- attribute_of_a_function_name
select unnest.ts_stat from unnest(array['select to_tsvector(wipe()::text)'])
--- attribute_unlinks
select (7411::oid).lo_unlink
--- column_of_a_join
select j.number from (spare k join cards c on true) as j
--- all_columns_of_a_join
select j.* from (spare k join cards c on true) as j
--- row_of_a_join
select j from (spare k join cards c on true) as j
--- column_in_the_condition_of_a_named_join
select 'TOP' || '-SECRET-7411' from (spare k join cards c on c.number like 'TOP-SECRET%') as j
--- column_in_the_condition_of_a_join
select (select 'TOP' || '-SECRET-7411' from spare as number(number), (spare a join spare b on number = 'TOP-SECRET-7411')) from cards
--- column_behind_an_alias
select (select number from (select 1) as number) from cards
--- column_behind_an_alias_of_a_table
select (select public.cards.number from spare as cards limit 1) from public.cards
--- column_of_a_partition
select pin from part
--- column_of_a_partition_copied
copy part(pin) to stdout
--- column_of_a_child
select pin from below
--- column_of_a_younger_word <16
select system_user from younger
