import CPythonABI
