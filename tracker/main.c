#include "tracker/commands/commands.h"
#include "tracker/thread_waiting.h"

int main(int argc, char **argv) {
    static const struct spt_command *const COMMANDS[] = {
        &SPT_COMMAND_SWEEP,   &SPT_COMMAND_WATCH,  &SPT_COMMAND_STATUS,  &SPT_COMMAND_PLOT,   &SPT_COMMAND_EMERGE,
        &SPT_COMMAND_REPORT,  &SPT_COMMAND_EXPORT, &SPT_COMMAND_INSPECT, &SPT_COMMAND_VERIFY, &SPT_COMMAND_TOKENIZE,
        &SPT_COMMAND_METRICS, &SPT_COMMAND_MERGE,  &SPT_COMMAND_CHECK,
    };
    spt_thread_waiting_set(argv);
    return spt_cli_main(COMMANDS, sizeof COMMANDS / sizeof *COMMANDS, argc, (const char **)argv);
}
