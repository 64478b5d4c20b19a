/*
 * The process of runtime/log_agent.h, with the adapter that asks.
 */
#ifndef REDWAL_WIRING_LOG_AGENT_MAIN_H
#define REDWAL_WIRING_LOG_AGENT_MAIN_H

/* Serves whoever started us, on standard input and output, and dies with him. Returns what the
 * process is to exit with. */
int log_agent_main(void);

#endif
