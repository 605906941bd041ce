import Commands

runCoroner()
