"""attitre: une procédure de rendez-vous tenue dans les agendas du cabinet."""
