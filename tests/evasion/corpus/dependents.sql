-- Ways to *.vault* through what it hangs on. One attack per `--- name` line, as in statements.sql.
--- drop_schema_annex
drop schema annex cascade
--- drop_schema_public
drop schema public cascade
--- drop_owned
drop owned by clerk
--- drop_owned_cascade
drop owned by clerk cascade
--- reassign_owned
reassign owned by clerk to app
--- drop_partitioned
drop table parted
--- drop_parent_cascade
drop table heap_parent cascade
--- drop_enum_cascade
drop type mood cascade
--- drop_composite_cascade
drop type comp cascade
--- drop_domain_cascade
drop domain dom cascade
--- drop_collation_cascade
drop collation coll cascade
--- drop_function_cascade
drop function start_value() cascade
--- drop_routine_cascade
drop routine start_value cascade
--- drop_sequence_cascade
drop sequence ids cascade
--- drop_extension_cascade
drop extension hstore cascade
--- drop_referenced_cascade
drop table anchor cascade
--- drop_referenced_column
alter table anchor drop column id cascade
--- drop_referenced_key
alter table anchor drop constraint anchor_pkey cascade
--- retype_referenced
alter table anchor alter column id type bigint
--- add_column_by_parent
alter table heap_parent add column z int
--- drop_column_by_parent
alter table heap_parent drop column note
--- rename_column_by_parent
alter table heap_parent rename column note to z
--- check_by_parent
alter table heap_parent add constraint small check (id < 100)
--- not_null_by_parent
alter table heap_parent alter note set not null
--- add_column_by_partitioned
alter table parted add column z int
--- drop_column_by_partitioned
alter table parted drop column note
--- rename_column_by_partitioned
alter table parted rename column note to z
--- detach
alter table parted detach partition vault_part
--- inherit
create table other_parent(); alter table vault_owned inherit other_parent
--- add_attribute_cascade
alter type comp add attribute y int cascade
--- drop_attribute_cascade
alter type comp drop attribute x cascade
--- rename_schema
alter schema annex rename to attic
--- rename_schema_public
alter schema public rename to attic
--- drop_index
drop index idx
--- rename_index
alter index idx rename to z
--- rename_index_as_table
alter table idx rename to z
--- rename_key
alter index vault_pkey rename to z
--- drop_statistics
drop statistics spread
--- rename_statistics
alter statistics spread rename to z
--- create_statistics
create statistics more on id, n from vault
--- grant_all_tables
grant all on all tables in schema public to clerk
--- grant_all_tables_annex
grant select on all tables in schema annex to public
--- default_privileges
alter default privileges grant all on tables to clerk
--- publish
create publication q for table vault
--- publish_all
create publication q for all tables
--- publish_schema
create publication q for tables in schema annex
--- publish_more
alter publication pub add table vault
--- adopt
alter extension hstore add table vault
