-- The ENUM types of this night: declared steps in the dictionary's order, then undeclared codes by name.
create type step_t as enum (
    select step from (
        select step, step_no as place from touch
        union all
        select distinct step, 100000 from code_step where starts_with(step, 'undeclared:')
    ) order by place, step
);
create type channel_t as enum (select channel from touch group by channel order by min(step_no));
create type stage_t as enum ('research', 'review', 'order', 'change', 'receive', 'return', 'help');
create type class_t as enum ('browse', 'work', 'contact', 'info_request', 'handoff', 'outcome');
create type strength_t as enum ('none', 'weak', 'medium', 'strong');
create type department_t as enum (select department from department order by department_no);
