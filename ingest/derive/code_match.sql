-- What the step dictionary says of each code and by which of its patterns, null where it says nothing; `order_pseudonym` is that of the order a code names. Kept
-- from night to night while the rules stay (codes.py).
create or replace table code_match (
    code_id uinteger, step varchar, pattern varchar, product_id varchar, order_id varchar, call_id varchar, order_pseudonym uuid
)
