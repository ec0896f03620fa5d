-- What must survive, and the traps that innocent-looking statements could step on.
-- Run by a superuser in an empty database; `app` owns nearly all, so only the policy protects it.
create table accounts(id int primary key, owner text, balance int);
insert into accounts values (1, 'ada', 10), (2, 'bob', 20), (3, 'cyd', 30);
create table events(id bigint generated always as identity primary key, kind text);
create table guarded(id int primary key, note text);
insert into guarded values (1, 'one'), (2, 'two'), (3, 'three');
create table secrets(token text);
insert into secrets values ('TOP-SECRET-7411');
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
