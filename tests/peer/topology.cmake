# Bars against the PyPI module ripser. Needs a Python with tests/peer/requirements.txt: -DSPT_PEER_PYTHON=...
set(SPT_PEER_PYTHON python3 CACHE STRING "Python with tests/peer/requirements.txt")
add_executable(persistence_dump ${CMAKE_CURRENT_LIST_DIR}/persistence_dump.c)
target_link_libraries(persistence_dump PRIVATE spt_analysis)
add_test(NAME peer_persistence_ripser
  COMMAND ${SPT_PEER_PYTHON} ${CMAKE_CURRENT_LIST_DIR}/persistence_ripser.py $<TARGET_FILE:persistence_dump>)
set_tests_properties(peer_persistence_ripser PROPERTIES LABELS peer TIMEOUT 900)
