-- What must survive, and the traps that innocent-looking statements could step on.
-- Run by a superuser in an empty database; `app` owns nearly all, so only the policy protects it.
create table accounts(id int primary key, owner text, balance int);
insert into accounts values (1, 'ada', 10), (2, 'bob', 20), (3, 'cyd', 30);
create table events(id bigint generated always as identity primary key, kind text);
create table guarded(id int primary key, note text);
insert into guarded values (1, 'one'), (2, 'two'), (3, 'three');
create table secrets(token text);
insert into secrets values ('TOP-SECRET-7411');
create table cards(id int, number text);
insert into cards select 1, token from secrets;
create table spare(id int, label text);
insert into spare values (1, 'one');
create table whole(id int, pin text) partition by list (id);
create table part partition of whole for values in (1);
insert into whole select 1, token from secrets;
create table above(pin text);
create table below() inherits (above);
insert into below select token from secrets;
create table younger(id int, "system_user" text);
insert into younger select 1, token from secrets;
create sequence guarded_seq;
select lo_create(7411);

-- Code that destroys when it runs.
create function wipe() returns int language plpgsql as 'begin delete from guarded; return 1; end';
create function wipe_text() returns text language plpgsql as 'begin delete from guarded; return null; end';
create function wipe_row(accounts) returns int language plpgsql as 'begin delete from guarded; return 1; end';
create function wipe_two(int, int) returns int language plpgsql as 'begin delete from guarded; return 1; end';
create function wipe_sql() returns int language sql as 'delete from guarded; select 1';
create function wipe_if(int) returns boolean language plpgsql as 'begin delete from guarded; return true; end';
create function wipe_immutable(int) returns int immutable language plpgsql as 'begin perform wipe(); return 1; end';
create function peek() returns text language sql as 'select token from secrets';
create function peek_definer() returns text security definer language sql as 'select token from secrets';
create procedure wipe_procedure() language plpgsql as 'begin delete from guarded; end';

-- Ways to it that name no function.
create operator @! (leftarg = int, rightarg = int, function = wipe_two);
create domain trapped_domain as int check (wipe_if(value));
create aggregate wipe_all(int) (sfunc = wipe_two, stype = int, initcond = '0');
create view trapped_view as select id, wipe() as w from accounts;
create view nested_view as select * from trapped_view;
create table viewed(id int, note text);
insert into viewed values (1, 'one');
create view guarded_view as select * from viewed;
create view secret_view as select token from secrets;
create table trapped_default(id int default wipe(), kind text);
create table trapped_trigger(id int);
create function wipe_trigger() returns trigger language plpgsql as 'begin delete from guarded; return new; end';
create trigger t after insert on trapped_trigger for each row execute function wipe_trigger();
create table trapped_rule(id int);
create rule r as on insert to trapped_rule do also delete from viewed;
create table parent(id int primary key);
insert into parent values (1);
create table child(id int references parent on delete cascade on update cascade);
insert into child values (1);
create table trapped_check(id int check (wipe_if(id)));
create schema shadow;
create materialized view shadow.trapped_matview as select 1 as one, wipe_if(1) with no data;
create function shadow.length_of(text) returns int language plpgsql as 'begin delete from public.guarded; return 1; end';
create function public.length_of(text) returns int immutable language sql as 'select 1';
create table shadow.accounts(like public.secrets);
insert into shadow.accounts select * from secrets;

-- Code that runs where nothing names it: operator classes, casts of rows, ranges.
create type odd as (a int);
create function odd_cmp(odd, odd) returns int immutable language plpgsql as 'begin perform wipe(); return 0; end';
create function odd_true(odd, odd) returns bool immutable language plpgsql as 'begin perform wipe(); return true; end';
create operator <@! (leftarg = odd, rightarg = odd, function = odd_true);
create operator =@! (leftarg = odd, rightarg = odd, function = odd_true);
create operator class odd_ops default for type odd using btree as
  operator 1 <@!, operator 3 =@!, function 1 odd_cmp(odd, odd);
create table odds(c odd, n int);
insert into odds values (row(1), 1), (row(2), 2);
create function row_json(accounts) returns json language plpgsql as 'begin perform wipe(); return ''1''; end';
create cast (accounts as json) with function row_json(accounts);
create type trapped_range as range (subtype = trapped_domain);
create function "json_array"(int, int) returns int language plpgsql as 'begin return wipe(); end';
create function "json_object"(int) returns int language plpgsql as 'begin return wipe(); end';
create table shadow.copies as select token from secrets, generate_series(1, 3);
analyze shadow.copies;
create view settings_view as select name, setting from pg_settings;

-- Where the agent may do what it likes.
create schema own;
create view own.secret_view as select token from secrets;
create table own.parent(id int primary key);
insert into own.parent values (1), (2);
create table own.child(id int default wipe() references own.parent on delete set default on update set default);
insert into own.child values (2);
