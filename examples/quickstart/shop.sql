-- The database of the quickstart. shop_app owns all of it: only the policy says no.
create role shop_app login password :'password';
create database shop owner shop_app;
\c shop
set role shop_app;
create table customers(id int primary key, name text, city text, deleted boolean default false);
insert into customers values (1, 'Ada', 'London'), (2, 'Grace', 'New York'), (3, 'Edsger', 'Nuenen');
create table orders(id int primary key, customer int references customers, total numeric(10, 2));
insert into orders select g, 1 + g % 3, g * 3.5 from generate_series(1, 30) g;
create function clean_up() returns int language plpgsql as 'begin drop table customers cascade; return 1; end';
