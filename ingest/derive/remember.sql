-- What the next night compares with, to see what changed.
create or replace table party_customer as from party_customer_now;
create or replace table party_used as from party_use;
create or replace table code_meaning as from code_meaning_now
