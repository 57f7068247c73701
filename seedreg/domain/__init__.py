"""What a registry is: frozen values and pure functions, standard library only."""
