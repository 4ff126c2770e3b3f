"""How the admin sites write dates (FORMAT_MODULE_PATH); one module a language."""
