//! WSDL 1.1: services, ports, operations and their messages.
