"""What a declared change did to customers (method note 8): the register, the groups, weekly series, the estimate."""
