"""Desks: each wires one room into the agent, as tasks and by what the room is given and gives."""
