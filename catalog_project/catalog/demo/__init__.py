"""An invented cinema chain: enough of one to try everything on."""
