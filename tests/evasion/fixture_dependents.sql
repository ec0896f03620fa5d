-- What *.vault* hangs on, each in a way that a statement can reach without naming it.
create schema annex;
create table annex.vault_side(i int);
create type mood as enum ('a', 'b');
create domain dom as text;
create type comp as (x int);
create collation coll (locale = 'C');
create sequence ids;
create function start_value() returns int language sql immutable as 'select 1';
create table anchor(id int primary key);
create table vault(id int primary key default nextval('ids'), m mood, d dom, c comp, o int references anchor,
  n int default start_value(), t text collate coll);
create index idx on vault(o);
create statistics spread on id, o from vault;
create table heap_parent(id int, note text);
create table vault_child() inherits (heap_parent);
create table parted(id int, note text) partition by list(id);
create table vault_part partition of parted for values in (1);
create table vault_owned(i int);
alter table vault_owned owner to clerk;
create publication pub;
create extension hstore;
create table vault_ext(h hstore);
